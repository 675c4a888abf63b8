"""From another service's writing to a subscriber of ours: in order, whoever dies or is away."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete

from tests.bus.inbound.service import (
    AWARD,
    HINT,
    REACTION,
    Sent,
    audits,
    logged,
    look,
    new_sequencer,
    sequence,
    sequencing,
    settle,
    taken_in,
    violations,
    write,
)
from tests.bus.log import tell
from tests.bus.valkey import Server, server
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, PATIENCE_MS, NewDatabase, new_commits
from tests.waiting import PATIENCE, until
from yabot.bus.connection import connect
from yabot.bus.groups.building import build_group
from yabot.bus.groups.feed import Feed
from yabot.bus.groups.positions import declare_groups
from yabot.bus.groups.worker import EventWorker
from yabot.bus.inbound.sequencer import Sequencer
from yabot.bus.inbound.stream import INBOUND
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.bus.tables import group_positions
from yabot.clock import to_microseconds, utc_now
from yabot.events.envelope import EventPayload
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.narrative.events import NarrativeHintUnlocked, ReactionDetected
from yabot.log.audit import audited
from yabot.log.commit_log import CommitLog
from yabot.log.leases import SharedLeases, SoleLeases
from yabot.log.tables import outbox, partition_owners
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database
from yabot.subscriber import Event, Subscriber

pytestmark = pytest.mark.standard

LISTENED: Sequence[type[EventPayload]] = (ReactionDetected, BesitosAwarded, NarrativeHintUnlocked)


async def hear(event: Event[Any], work: UnitOfWork) -> None:
    """The effect: one row of the audit for each event."""
    details = {"type": event.envelope.event_type, "id": event.envelope.event_id}
    work.add(audited("heard", details, event.user_id))


async def heard(database: Database) -> dict[str, list[str]]:
    """The types of each user's events, in the order in which they took effect."""
    found = defaultdict(list)
    for row in await audits(database, "heard"):
        found[row["user_id"]].append(row["details"].split('"')[3])
    return found


@asynccontextmanager
async def listening(commits: CommitLog, redis: Redis) -> AsyncIterator[None]:
    """Relay, feed and a group of subscribers."""
    await commits.database.write(declare_groups(["test"]))
    relay = Relay(commits.database, Streams(redis))
    commits.followers.append(relay.notice)
    relay.loop.start()
    subscribers = [Subscriber(f"test.{kind.event_type}", kind, hear) for kind in LISTENED]
    group = build_group("test", subscribers, commits, SoleLeases(PARTITIONS))
    worker = EventWorker(Feed(Streams(redis), PARTITIONS), [group])
    worker.start()
    try:
        yield
    finally:
        await worker.stop()
        await relay.loop.finish(PATIENCE)
        commits.followers.remove(relay.notice)


@pytest.mark.criterion("3.2.1", "3.2.2", "3.2.3", "3.2.4")
async def test_a_subscriber_sees_them_in_the_right_order(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """Six readers, and every order in which the three can come."""
    orders = list(permutations([REACTION, AWARD, HINT]))
    async with listening(commits, redis), sequencing(commits, redis):
        for user, order in enumerate(orders):
            await write(redis, *(_of_user(each, str(user)) for each in order))

        async def complete() -> bool:
            return sum(map(len, (await heard(database)).values())) == 18

        await until(complete)
    in_order = [kind.event_type for kind in LISTENED]
    assert await heard(database) == {str(user): in_order for user in range(len(orders))}


def _of_user(sent: Sent, user: str) -> Sent:
    cause = sent.cause if sent is REACTION else f"{user}:{sent.cause}"
    return Sent(f"{user}:{sent.name}", sent.second, sent.event_type, user, user, cause)


class Instance:
    """One of several on one PostgreSQL."""

    def __init__(
        self, database: Database, redis: Redis, *, lease: float, window: float = 0.1
    ) -> None:
        self.database = database
        leases = SharedLeases(database, lease_seconds=lease)
        self.sequencer = new_sequencer(new_commits(database), redis, window=window, leases=leases)


async def test_two_instances_share_the_work_and_one_does_it(
    new_postgres: NewDatabase, redis: Redis
) -> None:
    instances = [Instance(new_postgres(), redis, lease=PATIENCE, window=1.0) for _ in range(2)]
    sent = [Sent(f"{n}", n) for n in range(40)]
    for instance in instances:
        await instance.database.open()
        instance.sequencer.start()
    await write(redis, *reversed(sent[:20]))
    await settle(redis)
    # Whoever owns the stream goes: the other one takes over.
    for instance in instances:
        await write(redis, *reversed(sent[20:]))
        await instance.sequencer.stop(PATIENCE)
    await sequence(new_commits(instances[0].database), redis)
    assert await taken_in(instances[0].database, sent) == [each.name for each in sent]
    assert await violations(instances[0].database) == []


async def test_who_was_taken_for_dead_takes_nothing_in(
    new_postgres: NewDatabase, redis: Redis
) -> None:
    """It would take an event in before one that its successor knows to come first."""
    early, late = Sent("early", 1), Sent("late", 2)
    first = Instance(new_postgres(), redis, lease=0.5, window=PATIENCE)
    await first.database.open()
    await look(first.sequencer)
    await write(redis, late)
    await look(first.sequencer)
    await until(lambda: _lease_has_run_out(first.database))
    second = Instance(new_postgres(), redis, lease=0.5, window=1.0)
    await second.database.open()
    # The second reads both at once, however busy the machine is.
    await write(redis, early)
    await look(second.sequencer)
    await look(first.sequencer)
    assert await logged(first.database) == []

    async def settled() -> bool:
        await look(second.sequencer)
        return await redis.xlen(INBOUND) == 0

    await until(settled)
    assert await taken_in(first.database, [early, late]) == ["early", "late"]
    assert await violations(first.database) == []


async def _lease_has_run_out(database: Database) -> bool:
    owners = await rows_of(database, partition_owners)
    return all(owner["expires_us"] < to_microseconds(utc_now()) for owner in owners)


async def test_redis_goes_away_and_comes_back(sqlite_database: Database, tmp_path: Path) -> None:
    commits = new_commits(sqlite_database)
    async with server(tmp_path / "valkey") as valkey:
        sequencer = new_sequencer(commits, valkey.redis, window=1.0)
        sequencer.start()
        await write(valkey.redis, REACTION)
        await settle(valkey.redis)
        await valkey.kill()
        troubles = await _troubled(sequencer)
        await valkey.start()
        async with connect_again(valkey) as redis:
            await write(redis, HINT, AWARD)
            await settle(redis)
        await sequencer.stop(PATIENCE)
    assert await taken_in(sqlite_database, [REACTION, AWARD, HINT]) == ["reaction", "award", "hint"]
    assert "Redis is not available" in troubles[0]


def connect_again(valkey: Server) -> Redis:
    """By connections of its own: those that broke are the sequencer's affair."""
    return connect(valkey.url, password=None, max_pool_size=2, timeout_ms=PATIENCE_MS)


async def _troubled(sequencer: Sequencer) -> list[str]:
    troubles: list[str] = []
    sequencer.loop.on_trouble = lambda reason: troubles.append(reason) if reason else None

    async def is_troubled() -> bool:
        return bool(troubles)

    await until(is_troubled)
    return troubles


async def test_sql_goes_away_and_comes_back(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    async with sequencing(commits, redis) as sequencer:
        await write(redis, REACTION)
        await settle(redis)
        database.gate.reason = "it is away"
        await write(redis, HINT, AWARD)
        assert "it is away" in (await _troubled(sequencer))[0]
        assert await redis.xlen(INBOUND) == 2
        database.gate.reason = None
        await settle(redis)
    assert await taken_in(database, [REACTION, AWARD, HINT]) == ["reaction", "award", "hint"]
    assert await violations(database) == []


async def test_entries_that_redis_brings_back_are_known(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """As after a crash that has lost the last second of what was removed."""
    async with sequencing(commits, redis):
        await write(redis, REACTION, AWARD)
        await settle(redis)
        await redis.delete(INBOUND)
        for n, each in enumerate((REACTION, AWARD)):
            entry: Any = {"event": json.dumps(each.envelope)}
            await redis.xadd(INBOUND, entry, id=f"{n + 1}-0")
        await settle(redis)
    assert await taken_in(database, [REACTION, AWARD]) == ["reaction", "award"]


@pytest.mark.criterion("3.2.5")
async def test_a_gap_in_the_log_is_passed_over_and_audited(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """First seen is the baseline: what is missing before the first position is nobody's loss."""
    await tell(commits, "before", "7", times=3)
    await sequence(commits, redis, *(Sent(f"{n}", n, "reaction_detected").now() for n in range(5)))
    await database.write(declare_groups(["test"]))
    await _begin_at(database, 2)
    await _lose(database, 1, 4, 5)
    async with listening(commits, redis):

        async def complete() -> bool:
            return len((await heard(database))["7"]) == 3

        await until(complete)
    (row,) = await audits(database, "sequence_gap")
    assert '"first": 4, "last": 5' in row["details"]
    (told,) = [each for each in await logged(database) if each["event_type"] == "sequence_gap"]
    assert told["payload"] == json.loads(row["details"])
    async with listening(commits, redis):
        await asyncio.sleep(0)
    assert len(await audits(database, "sequence_gap")) == 1


async def _begin_at(database: Database, pos: int) -> None:
    statement = group_positions.update().values(pos=pos)
    await database.write(lambda connection: connection.execute(statement) and None)


async def _lose(database: Database, *positions: int) -> None:
    await database.write(
        lambda connection: (
            connection.execute(delete(outbox).where(outbox.c.pos.in_(positions))) and None
        )
    )
