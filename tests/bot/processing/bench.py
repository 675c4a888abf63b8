"""One process's rounds, without its loops: what it stores, takes up, handles and sends."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiogram import Dispatcher
from aiogram.types import Message, PreCheckoutQuery, Update
from sqlalchemy import Connection, insert

from tests.bot.sender.recorder import TOKEN, Recorder
from tests.cancelling import await_what_is_cancelled
from tests.log.units import holding
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, NewDatabase, new_commits
from tests.waiting import PATIENCE, until
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bot.failed_messages import FailedMessages, RefusedPage
from yabot.bot.incoming import Incoming
from yabot.bot.intake import Intake
from yabot.bot.lost_updates import REST, LostUpdates
from yabot.bot.pace import Pace
from yabot.bot.partition_work import GROUP, PartitionWork
from yabot.bot.pre_checkout import PreCheckoutAnswers
from yabot.bot.processing import UpdateProcessor
from yabot.bot.sender import Sender
from yabot.bot.telegram import connect_bot
from yabot.bot.turn import Turn
from yabot.bot.waiting import WaitingUpdates
from yabot.clock import utc_now
from yabot.log.assignment import Assignment
from yabot.log.leases import SharedLeases, SoleLeases
from yabot.log.tables import audit_log
from yabot.log.unit_of_work import UnitOfWork
from yabot.runtime.watch import Gate
from yabot.storage.relational.database import Database


@dataclass
class Handlers:
    """Each message is repeated and noted; "slow" waits, at "interrupted" what is awaited is
    cancelled, no store could keep "too much", and Telegram would take no "big button".
    """

    # All that is handled from now on fails.
    failing: bool = False
    began: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    # Whether what is awaited for a payment's question is cancelled.
    is_ask_interrupted: bool = False

    async def ask(self, _query: PreCheckoutQuery) -> None:
        """Nobody confirms it."""
        if self.is_ask_interrupted:
            await await_what_is_cancelled()

    async def note(self, message: Message, turn: Turn) -> None:
        if self.failing:
            raise RuntimeError("a mistake")
        if message.text == "slow":
            self.began.set()
            await self.go_on.wait()
        if message.text == "interrupted":
            await await_what_is_cancelled()
        if message.text == "too much":
            turn.work.absorb(holding("any", {"number": 2**63}))
        row = {
            "kind": "noted",
            "user_id": turn.user_id,
            "details": message.text,
            "created_at": utc_now(),
        }

        def add(connection: Connection) -> None:
            connection.execute(insert(audit_log), row)

        turn.work.add(add)
        data = "x" * (65 if message.text == "big button" else 64)
        turn.say(message.text or "", [[("Go", data)]])


@dataclass
class Bench:
    database: Database
    intake: Intake
    assignment: Assignment
    rounds: PartitionWork
    processor: UpdateProcessor
    sender: Sender
    handlers: Handlers
    # How often the log's followers have been told to look for what nobody has told them of.
    looks: list[None]

    async def receive(self, *updates: Incoming) -> None:
        """As from Telegram."""
        await self.rounds.begin(await self.intake.store(updates))

    def owns(self, user_id: str) -> bool:
        return self.assignment.of(user_id) is not None

    async def look(self) -> None:
        """As its loops do."""
        await self.assignment.run_once()
        await self.rounds.run_once()

    async def finish(self) -> None:
        """As when the program stops: all that it has begun is done and said, and others go on."""
        assert await self.processor.lanes.drain(PATIENCE)
        assert await self.sender.lanes.drain(PATIENCE)
        await self.rounds.leave(PATIENCE)

    async def noted(self) -> dict[str, list[str]]:
        """By user, what took effect, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in await rows_of(self.database, audit_log):
            found[row["user_id"]].append(row["details"])
        return found


async def _no_page(_work: UnitOfWork, _page: RefusedPage) -> None:
    """Nor does anybody show a page."""


async def _nothing(_chat_id: int) -> None:
    """Nobody blocks the bot here."""


@asynccontextmanager
async def at_the_bench(
    database: Database,
    recorder: Recorder,
    *,
    lease: float = 10 * PATIENCE,
    alone: bool = False,
    at_once: int = 1000,
    rest: float = REST,
    dispatcher: Dispatcher | None = None,
) -> AsyncIterator[Bench]:
    """``at_once`` updates of one reader are handled, and no more in time; by ``Handlers``, unless
    a ``dispatcher`` has others.
    """
    bot, handlers = connect_bot(TOKEN, recorder.url), Handlers()
    if dispatcher is None:
        dispatcher = Dispatcher()
        dispatcher.message.register(handlers.note)
        dispatcher.pre_checkout_query.register(handlers.ask)
    commits, texts = new_commits(database), build_texts(FEATURES)
    intake = Intake(database, bot.id, PARTITIONS)
    leases = SoleLeases(PARTITIONS) if alone else SharedLeases(database, lease)
    assignment = Assignment(GROUP, PARTITIONS, leases)
    sender = Sender(database, bot, assignment, None, _nothing, FailedMessages(commits, _no_page))
    processor = UpdateProcessor(
        bot=bot,
        dispatcher=dispatcher,
        intake=intake,
        commits=commits,
        assignment=assignment,
        texts=texts,
        pace=Pace(at_once, 60, lambda: 0.0),
        is_answered=lambda _update_id: False,
        until_recorded=sender.until_recorded,
        owes_too_much=sender.owes_too_much,
        documents=Gate("MongoDB"),
        lost=LostUpdates(rest),
    )
    pre_checkout = PreCheckoutAnswers(bot, dispatcher, processor, texts)
    commits.followers.append(sender.notice)
    looks: list[None] = []
    commits.on_untold.append(lambda: looks.append(None))
    waiting = WaitingUpdates(intake)
    rounds = PartitionWork(
        assignment, waiting, processor, pre_checkout, sender, None, commits.look_again
    )
    try:
        yield Bench(database, intake, assignment, rounds, processor, sender, handlers, looks)
    finally:
        await processor.lanes.cancel()
        await sender.lanes.cancel()
        await bot.session.close()


def written(update_id: int, user_id: int, text: str) -> Incoming:
    someone = {"id": user_id, "is_bot": False, "first_name": "Ana"}
    chat = {"id": user_id, "type": "private"}
    message = {"message_id": update_id, "date": 0, "chat": chat, "from": someone, "text": text}
    update = Update.model_validate({"update_id": update_id, "message": message})
    return Incoming.of(update, PARTITIONS)


async def two_open(new_postgres: NewDatabase) -> tuple[Database, Database]:
    """One database, as two processes have it."""
    one, two = new_postgres(), new_postgres()
    await asyncio.gather(one.open(), two.open())
    return one, two


async def until_begun(bench: Bench, begun: asyncio.Event) -> None:
    """However long it takes: the lease is renewed meanwhile."""

    async def has_begun() -> bool:
        await bench.look()
        return begun.is_set()

    await until(has_begun)
