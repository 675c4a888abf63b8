"""Every committed event comes to Redis: once, in order, on the stream and on its channel."""

import asyncio
import json

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from tests.bus.log import (
    assert_in_order,
    committed,
    marked,
    streams,
    tell,
    told_in,
)
from tests.bus.observing import first_heard
from tests.bus.relays import new_relay, only_asked
from tests.log.units import unit
from tests.storage.fixtures import NewDatabase, new_commits
from tests.waiting import PATIENCE, until
from yabot.bus.outbox import READ_AT_ONCE
from yabot.bus.streams import Streams
from yabot.events.operations import OperationCompleted, UserInteraction
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database

# A channel on which nothing is said but that nothing more comes.
LAST = "last"


@pytest.mark.criterion("2.1.1")
async def test_every_event_is_in_its_partition_s_stream_once_and_in_order(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay = new_relay(database, Streams(redis))
    commits.followers.append(relay.notice)
    relay.loop.start()
    await asyncio.gather(
        *(tell(commits, f"{n}", str(7 + n % 5), times=1 + n % 3) for n in range(40)),
        *(tell(commits, f"nobody's {n}", None) for n in range(5)),
    )
    await relay.loop.finish(PATIENCE)
    found = await streams(redis)
    assert found == await committed(database)
    assert len(told_in(found)) == sum(1 + n % 3 for n in range(40)) + 5
    assert_in_order(found)
    await until(lambda: marked(database))


async def test_a_quiet_relay_sends_nothing_twice(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay = new_relay(database, Streams(redis))
    commits.followers.append(relay.notice)
    for n in range(3):
        await tell(commits, f"{n}", "7")
        await relay.run_once()
        await relay.run_once()
    assert [event["sequence"] for event in told_in(await streams(redis))] == [1, 2, 3]


async def test_what_it_is_told_is_sent_without_asking_sql(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay = only_asked(database, Streams(redis))
    await relay.run_once()
    commits.followers.append(relay.notice)
    await tell(commits, "cause", "7", times=3)
    database.gate.reason = "a test has shut it"
    await relay.run_once()
    database.gate.reason = None
    assert [event["sequence"] for event in told_in(await streams(redis))] == [1, 2, 3]


async def test_what_it_published_is_marked_when_it_ends(
    new_database: NewDatabase, redis: Redis
) -> None:
    database, later = new_database(), new_database()
    await database.open()
    commits, relay = new_commits(database), new_relay(database, Streams(redis))
    commits.followers.append(relay.notice)
    relay.loop.start()
    await tell(commits, "cause", "7")
    await relay.loop.finish(PATIENCE)
    await database.close()
    await later.open()
    assert await marked(later)


async def listening(redis: Redis, *channels: str) -> PubSub:
    channel = redis.pubsub(ignore_subscribe_messages=True)
    await channel.subscribe(*channels)
    return channel


async def heard(channel: PubSub, redis: Redis) -> list[tuple[str, str]]:
    """All that has been published until now."""
    await channel.subscribe(LAST)
    await redis.publish(LAST, "")
    messages: list[tuple[str, str]] = []
    async with asyncio.timeout(PATIENCE):
        while not messages or messages[-1][0] != LAST:
            message = await channel.get_message(timeout=1)
            if message is not None:
                messages.append((message["channel"], message["data"]))
    await channel.aclose()  # type: ignore[no-untyped-call]
    return messages[:-1]


@pytest.mark.criterion("2.1.1", "2.2.4")
async def test_every_event_is_published_on_the_channel_of_its_type(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    channel = await listening(redis, "user_interaction", "operation_completed")
    work = unit("cause")
    work.publish(UserInteraction(action="start"), "7")
    work.publish(OperationCompleted(operation="start", outcome="ok", duration_ms=1.0), "7")
    await commits.commit(work)
    await new_relay(database, Streams(redis)).run_once()
    messages = await heard(channel, redis)
    assert [name for name, _ in messages] == ["user_interaction", "operation_completed"]
    in_streams = [event for events in (await streams(redis)).values() for event in events]
    assert [data for _, data in messages] == in_streams
    for event in told_in(await streams(redis)):
        assert {"event_id", "timestamp", "correlation_id"} <= event.keys()


async def test_an_observer_sees_the_events_as_they_are_published(
    sqlite_database: Database, redis: Redis
) -> None:
    commits = new_commits(sqlite_database)
    async with first_heard(redis, "user_interaction") as heard:
        await tell(commits, "cause", "7")
        await new_relay(sqlite_database, Streams(redis)).run_once()
    (seen,) = heard
    assert seen == json.loads(json.dumps(told_in(await streams(redis))[0]))


@pytest.mark.parametrize("told", [False, True], ids=["found in SQL", "told of"])
async def test_more_than_one_batch_of_a_partition_is_sent(
    sqlite_database: Database, redis: Redis, told: bool
) -> None:
    commits = new_commits(sqlite_database)
    relay = new_relay(sqlite_database, Streams(redis))
    if told:
        await relay.run_once()
        commits.followers.append(relay.notice)
    await asyncio.gather(*(tell(commits, f"{n}", str(n % 50), times=50) for n in range(50)))
    await relay.run_once()
    found = await streams(redis)
    assert found == await committed(sqlite_database)
    assert max(map(len, found.values())) > READ_AT_ONCE
    assert len(told_in(found)) == 2500
    assert_in_order(found)
