"""Where messages are handed in: the log, the sender behind it, and what became of each."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

from aiogram.methods import SendMessage, TelegramMethod
from sqlalchemy import Connection, func, select, update

from tests.bot.sender.recorder import TOKEN, Recorder
from tests.log.units import unit
from tests.storage.fixtures import PARTITIONS, new_commits
from yabot.bot.failed_messages import FailedMessages, OnRefusedPage, RefusedPage
from yabot.bot.limits import SendLimits
from yabot.bot.outgoing import to_message
from yabot.bot.partition_work import GROUP
from yabot.bot.plain import in_plain_text
from yabot.bot.send_backlog import BACKLOG, BacklogBounds
from yabot.bot.sender import Sender
from yabot.bot.telegram import connect_bot
from yabot.events.envelope import EventPayload
from yabot.events.partition import partition_of
from yabot.log.assignment import Assignment
from yabot.log.commit_log import CommitLog
from yabot.log.leases import SoleLeases
from yabot.log.tables import outgoing
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.waits import whatever_passes
from yabot.storage.relational.database import Database

_numbers = count(1)


@dataclass
class Desk:
    database: Database
    commits: CommitLog
    sender: Sender
    # The chats of which the sender has told that they have blocked the bot.
    blocked: list[int]
    # What happens when it tells so, before it is heard.
    deaf: list[Exception]
    # What it has told the bus of.
    told: list[EventPayload]
    # The pages that were refused.
    refused: list[RefusedPage]
    # By cause and number, what the messages say: the log forgets it when they are settled.
    texts: dict[tuple[str, int], str]

    async def hand_in(self, chat_id: int, *texts: str) -> None:
        """One commit with these messages, in this order."""
        calls = [SendMessage(chat_id=chat_id, text=text) for text in texts]
        await self.hand_in_calls(chat_id, *calls)

    async def hand_in_calls(self, chat_id: int, *calls: TelegramMethod[Any]) -> None:
        work = unit(f"cause {next(_numbers)}")
        for n, call in enumerate(calls):
            work.send(to_message(call, chat_id))
            if isinstance(call, SendMessage):
                self.texts[work.cause.receipt, n] = call.text
        await self.commits.commit(work)

    async def states(self) -> dict[str, str]:
        """By text, what became of each message."""
        query = select(outgoing.c.cause_id, outgoing.c.n, outgoing.c.state)

        def read(connection: Connection) -> dict[str, str]:
            states = {(row.cause_id, row.n): row.state for row in connection.execute(query)}
            return {text: states[key] for key, text in self.texts.items()}

        return await self.database.read(read)

    def partition_of(self, chat_id: int) -> int:
        return partition_of(str(chat_id), PARTITIONS)

    async def set_errors(self, errors: int) -> None:
        """As if Telegram had answered every message so often with an error of its own."""
        change = update(outgoing).values(errors=errors)
        await self.database.write(lambda connection: connection.execute(change) and None)

    async def all_marked(self) -> bool:
        query = select(func.count()).where(outgoing.c.state == "waiting")
        return await self.database.read(lambda connection: connection.execute(query).scalar()) == 0


@asynccontextmanager
async def at_the_desk(
    database: Database,
    recorder: Recorder,
    limits: SendLimits | None,
    bounds: BacklogBounds = BACKLOG,
) -> AsyncIterator[Desk]:
    bot = connect_bot(TOKEN, recorder.url)
    commits = new_commits(database)
    blocked: list[int] = []
    deaf: list[Exception] = []
    refused: list[RefusedPage] = []

    async def on_blocked(chat_id: int) -> None:
        async def decide(_work: UnitOfWork) -> None:
            if deaf:
                raise deaf.pop()
            blocked.append(chat_id)

        await commits.decide(Cause("test", "blocked", "blocked"), decide, waits_out=whatever_passes)

    assignment = Assignment(GROUP, PARTITIONS, SoleLeases(PARTITIONS))
    await assignment.run_once()
    told: list[EventPayload] = []
    failed_messages = FailedMessages(commits, build_on_refused(refused))
    sender = Sender(
        database,
        bot,
        assignment,
        limits,
        on_blocked,
        failed_messages,
        bounds,
        told.append,
        rest=0.01,
    )
    commits.followers.append(sender.notice)
    commits.on_untold.append(sender.loop.wake)
    try:
        yield Desk(database, commits, sender, blocked, deaf, told, refused, {})
    finally:
        await sender.loop.finish(1)
        await sender.lanes.cancel()
        await bot.session.close()


def build_on_refused(refused: list[RefusedPage]) -> OnRefusedPage:
    """A refused page is noted, and sent without markup where it can be."""

    async def on_refused(work: UnitOfWork, page: RefusedPage) -> None:
        refused.append(page)
        work.messages += in_plain_text(page.message)

    return on_refused


def texts_to(recorder: Recorder, chat_id: int) -> Sequence[str]:
    """What the chat has got, each once, in the order in which it came first."""
    taken = (call.text for call in recorder.taken if call.chat_id == chat_id)
    return list(dict.fromkeys(taken))
