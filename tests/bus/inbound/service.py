"""Another service, which writes events to the stream or posts them, and what becomes of them."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from redis.asyncio import Redis
from sqlalchemy import Connection, select

from tests.storage.dumps import Rows, rows_of
from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE, until
from yabot.bus.inbound.posted import keep
from yabot.bus.inbound.sequencer import Sequencer, build_sequencer
from yabot.bus.inbound.stream import INBOUND, InboundStream
from yabot.bus.tables import posted_events
from yabot.clock import rfc3339, utc_now
from yabot.events.envelope import Envelope
from yabot.log.commit_log import CommitLog
from yabot.log.leases import Leases, SoleLeases
from yabot.log.tables import audit_log, outbox
from yabot.storage.relational.database import Database

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PAYLOADS: Mapping[str, dict[str, Any]] = {
    "user_interaction": {"action": "waved"},
    "reaction_detected": {"content_id": "gate", "reaction_type": "❤"},
    "besitos_awarded": {
        "amount": 2,
        "reason": "reaction",
        "source": "rewards",
        "balance_after": 2,
        "transaction_id": "t",
    },
    "narrative_hint_unlocked": {"hint_id": "key", "fragment_id": "gate"},
}


@dataclass(frozen=True)
class Sent:
    """An event of another service; ``second`` is when it happened, by that service's clock."""

    name: str
    second: float
    event_type: str = "user_interaction"
    user_id: str | None = "7"
    correlation: str = "c"
    # The name of another.
    cause: str = "elsewhere"
    # By the API, instead of written to the stream.
    posted: bool = False

    @property
    def event_id(self) -> str:
        return event_id(self.name)

    @property
    def envelope(self) -> dict[str, Any]:
        about = {} if self.user_id is None else {"user_id": self.user_id}
        return {
            "event_id": self.event_id,
            "event_type": self.event_type,
            "version": 1,
            "timestamp": rfc3339(NOON + timedelta(seconds=self.second)),
            "correlation_id": self.correlation,
            "causation_id": event_id(self.cause),
            "payload": PAYLOADS[self.event_type],
            **about,
        }

    def now(self) -> "Sent":
        return self.at((utc_now() - NOON).total_seconds())

    def at(self, second: float) -> "Sent":
        return replace(self, second=second)


def event_id(name: str) -> str:
    return str(uuid5(UUID(int=0), name))


REACTION = Sent("reaction", 1, "reaction_detected")
AWARD = Sent("award", 2, "besitos_awarded", cause="reaction")
HINT = Sent("hint", 3, "narrative_hint_unlocked", cause="award")


async def write(redis: Redis, *sent: Sent) -> None:
    """All at once: whoever reads one of them reads them all, however short the window is."""
    # No MULTI, to which the bot's own user has no right.
    add_all = redis.register_script(
        "for _, event in ipairs(ARGV) do redis.call('XADD', KEYS[1], '*', 'event', event) end"
    )
    await add_all(keys=[INBOUND], args=[json.dumps(each.envelope) for each in sent])


async def post(database: Database, *sent: Sent) -> None:
    """As the API has stored them: all at once, too."""
    kept = [keep(Envelope.model_validate(each.envelope), "web") for each in sent]

    def store(connection: Connection) -> None:
        for each in kept:
            each(connection)

    await database.write(store)


async def send(database: Database, redis: Redis, *sent: Sent) -> None:
    """Each on its way."""
    for each in sent:
        await (post(database, each) if each.posted else write(redis, each))


def new_sequencer(
    commits: CommitLog,
    redis: Redis,
    *,
    window: float = 0.1,
    leases: Leases | None = None,
    stream: InboundStream | None = None,
) -> Sequencer:
    leases = leases or SoleLeases(PARTITIONS)
    return build_sequencer(stream or InboundStream(redis), commits, leases, window=window)


async def look(sequencer: Sequencer) -> None:
    """Once, without its loops."""
    await sequencer.assignment.run_once()
    await sequencer.run_once()


@asynccontextmanager
async def sequencing(
    commits: CommitLog, redis: Redis, *, window: float = 0.1
) -> AsyncIterator[Sequencer]:
    sequencer = new_sequencer(commits, redis, window=window)
    sequencer.start()
    try:
        yield sequencer
    finally:
        await sequencer.stop(PATIENCE)


async def settle(redis: Redis) -> None:
    """Until all that was written has been dealt with."""

    async def is_empty() -> bool:
        return await redis.xlen(INBOUND) == 0

    await until(is_empty)


async def settle_posted(database: Database) -> None:
    """Until all that was posted has been dealt with."""

    async def is_empty() -> bool:
        return not await rows_of(database, posted_events)

    await until(is_empty)


async def sequence(commits: CommitLog, redis: Redis, *sent: Sent, window: float = 0.1) -> None:
    """Send and wait; by a sequencer of its own, as after a start of the program."""
    await send(commits.database, redis, *sent)
    async with sequencing(commits, redis, window=window):
        await settle(redis)
        await settle_posted(commits.database)


async def logged(database: Database) -> list[dict[str, Any]]:
    """The envelopes in the log, those of each partition in their order."""
    query = select(outbox.c.envelope).order_by(outbox.c.partition, outbox.c.pos)
    found = await database.read(lambda connection: connection.execute(query).scalars().all())
    return [json.loads(envelope) for envelope in found]


async def taken_in(database: Database, names: Sequence[Sent]) -> list[str]:
    """The names of those that were written, in the order of the log."""
    known = {each.event_id: each.name for each in names}
    events = await logged(database)
    return [known[event["event_id"]] for event in events if event["event_id"] in known]


async def violations(database: Database) -> list[tuple[str, str]]:
    """Of which events the log says that they came too late, and why."""
    return [
        (event["payload"]["original_event_id"], event["payload"]["reason"])
        for event in await logged(database)
        if event["event_type"] == "ordering_violated"
    ]


async def audits(database: Database, kind: str) -> Rows:
    return [row for row in await rows_of(database, audit_log) if row["kind"] == kind]
