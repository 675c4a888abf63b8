"""What one process has of the bus: its own connection to SQL, relay, feed and groups.

A test starts several of them, one after another or side by side, on one database.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar

from redis.asyncio import Redis
from sqlalchemy import Connection, delete, insert, update

from tests.bus.looking import look
from tests.bus.relays import new_relay
from tests.storage.dumps import Rows, rows_of
from tests.storage.fixtures import PARTITIONS, NewDatabase
from tests.waiting import PATIENCE
from yabot.bus.groups.building import build_group
from yabot.bus.groups.feed import Feed
from yabot.bus.groups.pace import Pace
from yabot.bus.groups.positions import declare_groups
from yabot.bus.groups.switch import GroupStopped
from yabot.bus.groups.worker import EventWorker
from yabot.bus.streams import Streams
from yabot.bus.tables import dead_letters, group_positions
from yabot.clock import utc_now
from yabot.events.catalog import Catalog
from yabot.events.envelope import EventPayload
from yabot.events.failures import FAILURE_EVENTS
from yabot.log.commit_log import CommitLog, Committed
from yabot.log.leases import Leases, SharedLeases, SoleLeases
from yabot.log.tables import audit_log, group_members, partition_owners, partitions
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.relational.database import Database
from yabot.subscriber import Event, Handler, Subscriber


class Poked(EventPayload):
    """Something that a toy subscriber handles; ``word`` may tell it how."""

    event_type: ClassVar[str] = "toy_poked"

    word: str


class Tickled(EventPayload):
    """Something else."""

    event_type: ClassVar[str] = "toy_tickled"

    word: str


CATALOG = Catalog([*FAILURE_EVENTS, Poked, Tickled])
Groups = Mapping[str, Sequence[Subscriber[Any]]]


# The program's own pauses spare its stores; here they would only be waited for.
QUICK = Pace(look_every=0.1, mark_after=0.01, first_pause=0.01, longest_pause=0.1)


class Process:
    def __init__(
        self,
        database: Database,
        redis: Redis,
        groups: Groups,
        *,
        finish_seconds: float = PATIENCE,
    ) -> None:
        self.database = database
        self.commits = CommitLog(database, CATALOG, PARTITIONS)
        self.relay = new_relay(database, Streams(redis))
        self.commits.followers.append(self.relay.notice)
        leases = _leases(database)
        self.groups = {
            name: build_group(name, subscribers, self.commits, leases, QUICK)
            for name, subscribers in groups.items()
        }
        self.feed = Feed(Streams(redis), PARTITIONS)
        self.worker = EventWorker(self.feed, [*self.groups.values()], finish_seconds)

    async def start(self) -> None:
        """When this is over, the groups have their partitions and take on what is published."""
        await self.database.open()
        await self.database.write(declare_groups(self.groups))
        for group in self.groups.values():
            with suppress(GroupStopped):
                await look(group)
        self.relay.loop.start()
        self.worker.start()

    async def stop(self) -> None:
        """As at SIGTERM."""
        await self.worker.stop()
        await self.relay.loop.finish(PATIENCE)
        await self.database.close()

    async def die(self) -> None:
        """From now on nothing it does reaches SQL; then it ends."""
        await self.database.close()
        await self.relay.loop.finish(0)
        await self.feed.stop()
        for group in self.groups.values():
            await group.stop(0)


def _leases(database: Database) -> Leases:
    """As the program has it; no lease ends by itself while a test runs."""
    if database.engine.dialect.name == "postgresql":
        return SharedLeases(database, lease_seconds=10 * PATIENCE)
    return SoleLeases(PARTITIONS)


async def let_leases_end(new_database: NewDatabase) -> None:
    """As time does, when their owners have died."""
    database = new_database()
    await database.open()
    await database.write(_end_leases)
    await database.close()


def _end_leases(connection: Connection) -> None:
    connection.execute(update(partition_owners).values(expires_us=0))
    connection.execute(delete(group_members))


@asynccontextmanager
async def running(
    new_database: NewDatabase, redis: Redis, *subscribers: Subscriber[Any]
) -> AsyncIterator[Process]:
    """With one group, ``test``."""
    process = Process(new_database(), redis, {"test": subscribers})
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


@asynccontextmanager
async def opened(new: NewDatabase, redis: Redis) -> AsyncIterator[Process]:
    """With one group, ``test``, that looks when the test says so."""
    process = Process(new(), redis, {"test": [toy()]})
    await process.database.open()
    await process.database.write(declare_groups(["test"]))
    try:
        yield process
    finally:
        await process.stop()


class Effect:
    """One row of the audit for each event that took effect."""

    def __init__(self, consumer: str, event: Event[Any]) -> None:
        self._row = {
            "kind": consumer,
            "user_id": event.envelope.user_id,
            "details": event.payload.word,
            "created_at": utc_now(),
        }

    def __call__(self, connection: Connection) -> None:
        connection.execute(insert(audit_log), self._row)


def toy(
    handle: Handler[Any] | None = None,
    name: str = "toy",
    event: type[EventPayload] = Poked,
    **options: Any,
) -> Subscriber[Any]:
    """A subscriber that asks ``handle`` first, and then has its effect."""

    async def handled(event: Event[Any], work: UnitOfWork) -> None:
        if handle is not None:
            await handle(event, work)
        work.add(Effect(name, event))

    return Subscriber(name, event, handled, **options)


def poking(user_id: str | None, *words: str, kind: type[Any] = Poked) -> UnitOfWork:
    """A unit that publishes an event for each word."""
    cause_id = f"{kind.event_type}:{user_id}:{':'.join(words)}"
    work = UnitOfWork(Cause("test", cause_id, f"about {cause_id}"))
    for word in words:
        work.publish(kind(word=word), user_id)
    return work


async def poke(commits: CommitLog, user_id: str | None, *words: str) -> Committed:
    return await commits.commit(poking(user_id, *words))


async def effects(database: Database, consumer: str = "toy") -> dict[str | None, list[str]]:
    """By user, the words that took effect, in order."""
    found: dict[str | None, list[str]] = {}
    for row in await rows_of(database, audit_log):
        if row["kind"] == consumer:
            found.setdefault(row["user_id"], []).append(row["details"])
    return found


async def letters(database: Database) -> Rows:
    return await rows_of(database, dead_letters)


async def settled(database: Database, *groups: str) -> bool:
    """Whether the groups' positions, as SQL has them, have reached the end of the log."""
    ends = {row["partition"]: row["last_pos"] for row in await rows_of(database, partitions)}
    rows = await rows_of(database, group_positions)
    return all(
        row["pos"] == ends[row["partition"]] for row in rows if row["name"] in (groups or ("test",))
    )


class Calls(Counter[str]):
    """How often each word was handled."""

    async def note(self, event: Event[Any], _work: UnitOfWork) -> None:
        self[event.payload.word] += 1
