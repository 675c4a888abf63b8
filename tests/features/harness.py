"""The features at work in this process: what readers send goes in, what comes of it is looked at.

Everything is real but Telegram and time: the dispatcher, the commit log, the subscribers::

    ana = await harness.join("Ana")
    assert await ana.say("/daily") == ["..."]
    harness.pass_time(days=1)
    await harness.deliver("daily_gift")
    assert await ana.heard() == [("...", [])]
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiogram.types import User as TelegramUser

from tests.bus.looking import look, positions_of, rewind
from tests.features.hearing import Said, messages_to, said_in, says
from tests.storage.dumps import events_of
from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE
from yabot import clock
from yabot.app.assembly import (
    build_catalog,
    build_coordinators,
    build_dispatcher,
    build_groups,
    build_texts,
    framework_data,
)
from yabot.bot.incoming import Incoming
from yabot.bot.turn import Turn
from yabot.bus.groups.positions import declare_groups, log_ends
from yabot.events.envelope import EventPayload
from yabot.feature import Feature, Services, group_names, state_parts
from yabot.features.users.service import User, UserService
from yabot.log.commit_log import CommitLog, Committed, Decision
from yabot.log.leases import SoleLeases
from yabot.log.unit_of_work import Cause, Message, UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

Json = dict[str, Any]
ME = TelegramUser(id=99, is_bot=True, first_name="YABOT", username="yabot_test_bot")
_numbers = count(1)


@dataclass(frozen=True)
class HarnessReader:
    """Somebody who writes to the bot and presses its buttons."""

    harness: "Harness"
    user_id: str
    name: str
    language: str

    async def say(self, text: str) -> list[str]:
        """What the bot says to it."""
        return _texts(await self.send(text))

    async def press(self, data: str) -> list[str]:
        """What the bot says to a press of such a button, also of one that nobody has been shown."""
        return _texts(await self.touch(data))

    async def touch(self, data: str) -> list[Message]:
        """The Bot API calls to which such a press comes."""
        message = {"message_id": 1, "date": 0, "chat": self._chat, "from": ME.model_dump()}
        query = {"id": "1", "from": self._person, "chat_instance": "1", "message": message}
        update = {"callback_query": {**query, "data": data}}
        return await self.harness.take(update, self._own_cause)

    async def send(self, text: str) -> list[Message]:
        """The Bot API calls that it comes to."""
        if not text.startswith("/"):
            return await self.bring({"text": text})
        command = {"type": "bot_command", "offset": 0, "length": len(text.split()[0])}
        return await self.bring({"text": text, "entities": [command]})

    async def bring(self, content: Json) -> list[Message]:
        """The Bot API calls to which a message of this ``content`` comes."""
        message = {"message_id": 1, "date": 0, "chat": self._chat, "from": self._person}
        return await self.harness.take({"message": {**message, **content}}, self._own_cause)

    async def heard(self) -> list[Said]:
        """All that the bot has said to it unasked since the last look, oldest first: notices of
        subscribers, loops and other readers' doing, and no answers to what it has sent.
        """
        rows = await messages_to(self.harness.services.database, self.user_id)
        before = self.harness.looked.get(self.user_id, 0)
        self.harness.looked[self.user_id] = max((row["id"] for row in rows), default=before)
        own = _cause(self._own_cause).receipt
        unasked = [row for row in rows if not row["cause_id"].startswith(own)]
        return [said_in(row["payload"]) for row in unasked if row["id"] > before]

    async def own_data(self) -> Json:
        """What /mydata brings."""
        (sent,) = await self.send("/mydata")
        shown: Json = json.loads(json.loads(sent.payload)["document"]["text"])
        return shown

    async def forget(self) -> None:
        await self.say("/forget")
        await self.press("forget:yes")

    async def events(self, kind: type[EventPayload] | None = None) -> list[Json]:
        """The payloads of what was published about them, oldest first; of one ``kind``, or of all,
        each then with its ``event_type``.
        """
        rows = await events_of(self.harness.services.database, self.user_id)
        told = [json.loads(row["envelope"]) for row in rows]
        if kind is None:
            return [{"event_type": each["event_type"], **each["payload"]} for each in told]
        return [each["payload"] for each in told if each["event_type"] == kind.event_type]

    async def user(self) -> User:
        """As a service reads them. They must be there."""
        user = await self.harness.services[UserService].find(self.user_id)
        assert user is not None
        return user

    @property
    def _own_cause(self) -> str:
        """How the ids of what it sends begin."""
        return f"update:{self.user_id}:"

    @property
    def _chat(self) -> Json:
        return {"id": int(self.user_id), "type": "private"}

    @property
    def _person(self) -> Json:
        person = {"id": int(self.user_id), "is_bot": False, "first_name": self.name}
        return {**person, "language_code": self.language}


# No dataclass: what fails shows its arguments, Hypothesis each field of one, and all features fill
# pages.
class Harness:
    """Of ``features``, over the test's own stores."""

    def __init__(
        self, services: Services, features: Sequence[Feature], dispatcher: Dispatcher
    ) -> None:
        self.services = services
        self.features = features
        self.dispatcher = dispatcher
        # Of each reader who has looked at what was said, the last that was there.
        self.looked: dict[str, int] = {}

    @classmethod
    async def open(
        cls,
        features: Sequence[Feature],
        database: Database,
        documents: DocumentStore,
        admins: tuple[int, ...] = (),
    ) -> "Harness":
        """``database`` has the tables of all of them."""
        services = Services(
            database,
            documents,
            CommitLog(database, build_catalog(features), PARTITIONS),
            build_texts(features),
            commands=tuple(command for each in features for command in each.commands),
            admins=admins,
            menu=tuple(button for each in features for button in each.menu),
            state_parts=state_parts(features),
        )
        for each in features:
            if each.service is not None:
                services.add(each.name, each.service(services))
            if each.personal_data is not None:
                services.personal_data[each.name] = each.personal_data(services)
        services.personal_data |= framework_data(database)
        dispatcher, _ = build_dispatcher(features, services, lambda: ME)
        await database.write(declare_groups(group_names(features)))
        return cls(services, features, dispatcher)

    async def prepare(self) -> None:
        """What features do at the start of the program: it takes MongoDB."""
        for each in self.features:
            if each.prepare is not None:
                await each.prepare(self.services)

    async def join(self, name: str = "Ana", language: str = "en") -> HarnessReader:
        """Somebody new, who has sent /start."""
        reader = HarnessReader(self, str(1000 + next(_numbers)), name, language)
        await reader.say("/start")
        return reader

    async def commit(self, decision: Decision[object]) -> Committed:
        """Decide and commit, as a handler does: ``decision`` fills the unit of work it is given."""
        cause_id = f"test:{next(_numbers)}"
        return (await self.services.commits.decide(_cause(cause_id), decision)).committed

    async def publish(self, payload: EventPayload, user_id: str) -> None:
        """As if another part of the program had published it."""

        async def tell(work: UnitOfWork) -> None:
            work.publish(payload, user_id)

        await self.commit(tell)

    async def deliver(self, *names: str) -> None:
        """Let subscribers handle all that was published, and what comes of it.

        Those of the features of these names, or of all: some of them need MongoDB.
        """
        wanted = names or group_names(self.features)
        async with asyncio.timeout(PATIENCE):
            await self._deliver(wanted)

    async def deliver_again(self, name: str) -> None:
        """Let those of a feature handle all of it once more, as after a kill."""
        await rewind(self.services.database, name)
        await self.deliver(name)

    async def _deliver(self, names: Sequence[str]) -> None:
        while behind := [name for name in names if await self._lags(name)]:
            leases, services = SoleLeases(PARTITIONS), self.services
            coordinators = build_coordinators(self.features, services)
            for group in build_groups(self.features, services, leases, coordinators):
                if group.name in behind:
                    await look(group)
                    await group.stop(PATIENCE)

    def pass_time(self, **units: float) -> None:
        """It is later from now on, by as many ``days``, ``hours`` or ``seconds``."""
        clock.set_ahead(clock.ahead() + timedelta(**units))

    async def take(self, update: Json, cause: str) -> list[Message]:
        """The Bot API calls to which an update comes; an error of its handler is raised.

        ``cause`` is how the id of what it sets off begins.
        """
        entry = Update.model_validate({"update_id": next(_numbers), **update})
        bot = _bot()

        async def handle(work: UnitOfWork) -> list[Message]:
            turn = Turn(Incoming.of(entry, PARTITIONS), work, "unknown")
            await self.dispatcher.feed_update(bot, entry, turn=turn)
            return list(work.messages)

        because = _cause(f"{cause}{entry.update_id}")
        return (await self.services.commits.decide(because, handle)).answer

    async def _lags(self, group: str) -> bool:
        database = self.services.database
        return await database.read(positions_of(group)) != await database.read(log_ends)


@cache
def _bot() -> Bot:
    """It calls nobody: one for all updates. Each would read all certificates of the machine."""
    bot = Bot("99:test")
    bot._me = ME
    return bot


def _cause(cause_id: str) -> Cause:
    return Cause("test", cause_id, cause_id)


def _texts(messages: Sequence[Message]) -> list[str]:
    return [said_in(each.payload).text for each in messages if says(each.payload)]
