"""Redis goes away, forgets, or is somebody else's."""

from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from structlog.testing import capture_logs

from tests.bus.log import (
    assert_in_order,
    committed,
    lose_tail,
    marked,
    marks,
    streams,
    tell,
    told_in,
)
from tests.bus.relays import NEVER, new_relay, only_asked
from tests.bus.valkey import server
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, new_commits
from tests.waiting import PATIENCE, until
from yabot.bus.publisher import StreamAhead
from yabot.bus.relay import Relay
from yabot.bus.streams import Appended, Streams, stream_name
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry, partition_of
from yabot.log.commit_log import CommitLog
from yabot.log.tables import outbox
from yabot.observability.metrics import REGISTRY
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.standard


async def fill(commits: CommitLog, about: str) -> None:
    for n in range(10):
        await tell(commits, f"{about} {n}", str(7 + n % 5), times=2)


async def settled(database: Database, redis: Redis, events: int) -> bool:
    try:
        found = await streams(redis)
    except RedisConnectionError:
        return False
    return len(told_in(found)) == events and await marked(database)


@pytest.mark.parametrize("forgets", [False, True], ids=["with its data", "empty"])
async def test_a_valkey_that_was_killed_gets_everything_in_order(
    sqlite_database: Database, tmp_path: Path, forgets: bool
) -> None:
    commits = new_commits(sqlite_database)
    async with server(tmp_path) as valkey:
        relay = new_relay(sqlite_database, Streams(valkey.redis), sweep_seconds=0.2)
        commits.followers.append(relay.notice)
        relay.loop.start()
        await fill(commits, "before")
        await until(lambda: settled(sqlite_database, valkey.redis, events=20))
        await valkey.kill()
        await fill(commits, "meanwhile")
        # Nothing is dropped while it is away.
        assert len(await rows_of(sqlite_database, outbox)) == 40
        if forgets:
            valkey.forget_everything()
        await valkey.start()
        await until(lambda: settled(sqlite_database, valkey.redis, events=40))
        await relay.loop.finish(PATIENCE)
        found = await streams(valkey.redis)
        assert found == await committed(sqlite_database)
        assert_in_order(found)


async def test_an_idle_relay_notices_that_redis_has_forgotten(
    sqlite_database: Database, redis: Redis
) -> None:
    commits = new_commits(sqlite_database)
    relay = new_relay(sqlite_database, Streams(redis), sweep_seconds=0.1)
    await fill(commits, "before")
    relay.loop.start()
    await until(lambda: settled(sqlite_database, redis, events=20))
    await redis.flushall()
    await until(lambda: settled(sqlite_database, redis, events=20))
    await relay.loop.finish(PATIENCE)


async def test_a_stream_that_lost_its_tail_gets_it_back_before_what_is_new(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay = new_relay(database, Streams(redis))
    commits.followers.append(relay.notice)
    await fill(commits, "before")
    await relay.run_once()
    longest = max((await marks(database)), key=lambda row: row["last_pos"])["partition"]
    await lose_tail(redis, longest, keep=2)
    await fill(commits, "after")
    with capture_logs() as logs:
        await relay.run_once()
    assert {entry["event"] for entry in logs} == {"stream.realigned"}
    found = await streams(redis)
    assert found == await committed(database)
    assert_in_order(found)


@pytest.mark.parametrize("relay_is_new", [False, True], ids=["while it runs", "at the start"])
async def test_a_stream_ahead_of_the_log_stops_the_relay_with_a_sentence(
    sqlite_database: Database, redis: Redis, relay_is_new: bool
) -> None:
    commits = new_commits(sqlite_database)
    relay = new_relay(sqlite_database, Streams(redis))
    commits.followers.append(relay.notice)
    if not relay_is_new:
        await relay.run_once()
    await tell(commits, "cause", "7")
    partition = (await rows_of(sqlite_database, outbox))[0]["partition"]
    await redis.xadd(stream_name(partition), {"event": "{}"}, id="100-0")
    with pytest.raises(StreamAhead) as caught:
        await relay.run_once()
    told = str(caught.value)
    assert f"the stream yabot:events:{{{partition}}} is at 100, but the log is at" in told
    assert "point REDIS_URL at the right one, or delete the yabot:events keys" in told
    assert await redis.xlen(stream_name(partition)) == 1


@pytest.mark.parametrize("relay_is_new", [False, True], ids=["while it runs", "at the start"])
async def test_a_log_that_has_passed_a_foreign_stream_is_not_taken_for_published(
    sqlite_database: Database, redis: Redis, relay_is_new: bool
) -> None:
    """Else nobody who listens would ever see the events whose positions others have there."""
    commits = new_commits(sqlite_database)
    relay = new_relay(sqlite_database, Streams(redis))
    commits.followers.append(relay.notice)
    if not relay_is_new:
        await relay.run_once()
    partition = partition_of("7", PARTITIONS)
    for pos in (1, 2):
        of_before = f'{{"event_id":"{pos}","event_type":"waved","version":1}}'
        await redis.xadd(stream_name(partition), {"event": of_before}, id=f"{pos}-0")
    await tell(commits, "cause", "7", 3)
    with pytest.raises(StreamAhead, match="has another event at 2 than the log"):
        await relay.run_once()
    await redis.delete(stream_name(partition))
    await relay.run_once()
    assert await streams(redis) == await committed(sqlite_database)


@pytest.mark.criterion("2.1.3")
async def test_what_a_broken_off_step_was_to_look_for_is_found_by_the_next(
    sqlite_database: Database, redis: Redis
) -> None:
    commits = new_commits(sqlite_database)
    relay = only_asked(sqlite_database, Streams(redis))
    commits.followers.append(relay.notice)
    await relay.run_once()
    relay.look_again()
    # It keeps nothing of what it is told: it is to look.
    await fill(commits, "meanwhile")
    partition = (await rows_of(sqlite_database, outbox))[0]["partition"]
    await redis.xadd(stream_name(partition), {"event": "{}"}, id="100-0")
    with pytest.raises(StreamAhead):
        await relay.run_once()
    await redis.delete(stream_name(partition))
    await relay.run_once()
    assert await streams(redis) == await committed(sqlite_database)


async def test_a_sweep_that_fails_is_made_again_at_once(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async with server(tmp_path) as valkey:
        relay = new_relay(sqlite_database, Streams(valkey.redis), sweep_seconds=0.2)
        await relay.run_once()
        await valkey.kill()

        async def sweep_fails() -> bool:
            return not await succeeds(relay)

        await until(sweep_fails)
        # No sweep is due; but what the last one should have seen is still unknown.
        assert await sweep_fails()


async def succeeds(relay: Relay) -> bool:
    try:
        await relay.run_once()
    except StoreUnavailable:
        return False
    return True


def failures_counted() -> float:
    return REGISTRY.get_sample_value("yabot_event_publish_failures_total") or 0.0


class Timed(Streams):
    """Notes when each batch was tried."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(redis)
        self.tried: list[float] = []

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> Appended:
        self.tried.append(monotonic())
        return await super().append(partition, stands_at, entries)


@pytest.mark.criterion("2.2.5", "2.1.3")
async def test_a_batch_is_tried_three_times_with_growing_delays_and_then_waits(
    sqlite_database: Database, tmp_path: Path
) -> None:
    commits = new_commits(sqlite_database)
    async with server(tmp_path) as valkey:
        timed = Timed(valkey.redis)
        relay = Relay(sqlite_database, timed, sweep_seconds=NEVER)
        commits.followers.append(relay.notice)
        await relay.run_once()
        await valkey.kill()
        await tell(commits, "cause", "7")
        counted = failures_counted()
        with capture_logs() as logs, pytest.raises(StoreUnavailable, match="Redis"):
            await relay.run_once()
        first, second, third = timed.tried
        # At least three quarters of 50 ms, and then of 100.
        assert second - first >= 0.037
        assert third - second >= 0.075
        failures = [entry for entry in logs if entry["event"] == "publish.failed"]
        assert [entry["attempt"] for entry in failures] == [1, 2, 3]
        assert all(entry["log_level"] == "warning" for entry in failures)
        assert failures_counted() == counted + 3
        # The row waits.
        assert len(await rows_of(sqlite_database, outbox)) == 1
        assert not await marked(sqlite_database)
        await valkey.start()
        # Each connection from before has to fail once.
        await until(lambda: succeeds(relay))
        assert await streams(valkey.redis) == await committed(sqlite_database)


@pytest.mark.criterion("2.1.3")
async def test_the_loop_says_once_that_redis_is_away_and_once_that_it_is_back(
    sqlite_database: Database, tmp_path: Path
) -> None:
    commits = new_commits(sqlite_database)
    reasons: list[str | None] = []
    async with server(tmp_path) as valkey:
        relay = new_relay(sqlite_database, Streams(valkey.redis))
        relay.loop.on_trouble = reasons.append
        commits.followers.append(relay.notice)
        # Before it has a connection, which would fail in words of its own.
        await valkey.kill()
        with capture_logs() as logs:
            relay.loop.start()
            await fill(commits, "meanwhile")

            async def has_failed_twice() -> bool:
                return len(reasons) >= 2

            await until(has_failed_twice)
        assert len([entry for entry in logs if entry["event"] == "loop.paused"]) == 1
        await valkey.start()
        await until(lambda: settled(sqlite_database, valkey.redis, events=20))
        await relay.loop.finish(PATIENCE)
    assert reasons[-1] is None
