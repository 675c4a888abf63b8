"""What a relay looks at when nobody tells it anything, and whom it does not wait for."""

import asyncio
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis
from sqlalchemy import delete
from structlog.testing import capture_logs

from tests.bus.log import ALL, committed, entries_of, marked, streams, tell, told_in
from tests.bus.relays import new_relay, only_asked
from tests.bus.statements import statements
from tests.storage.fixtures import PARTITIONS, new_commits
from tests.waiting import PATIENCE, until
from yabot.bus.publisher import TRIES
from yabot.bus.relay import Relay
from yabot.bus.streams import Appended, Streams, stream_name
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry, partition_of
from yabot.log.commit_log import CommitLog
from yabot.log.tables import outbox
from yabot.storage.relational.database import Database

USERS = {partition_of(str(user), PARTITIONS): str(user) for user in range(100)}


class Watched(Streams):
    """Knows which partitions were asked for or sent to; those ``away`` fail when they may."""

    def __init__(self, redis: Redis, away: Sequence[int] = ()) -> None:
        super().__init__(redis)
        self.away = set(away)
        # While it is not set, whoever asks for one that is away waits.
        self.may_fail = asyncio.Event()
        self.may_fail.set()
        self.asked: list[int] = []
        self.sent_to: list[int] = []

    async def position(self, partition: int) -> int:
        self.asked.append(partition)
        await self._answers(partition)
        return await super().position(partition)

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> Appended:
        self.sent_to.append(partition)
        await self._answers(partition)
        return await super().append(partition, stands_at, entries)

    async def _answers(self, partition: int) -> None:
        if partition in self.away:
            await self.may_fail.wait()
            raise StoreUnavailable("Redis", "its node is away")


async def tell_all(commits: CommitLog, about: str, times: int = 2) -> None:
    """Something in each partition."""
    for partition in ALL:
        await tell(commits, f"{about} {partition}", USERS[partition], times)


async def settled_relay(database: Database, streams_: Streams) -> Relay:
    """It sweeps each time that it is called, and there is nothing left to do."""
    relay = new_relay(database, streams_, sweep_seconds=0)
    await relay.run_once()
    await until(lambda: marked(database))
    return relay


async def test_what_redis_lost_and_the_log_has_forgotten_is_told_once(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await tell_all(commits, "before")
    watched = Watched(redis)
    relay = await settled_relay(database, watched)
    await database.write(lambda connection: connection.execute(delete(outbox)) and None)
    await redis.flushall()
    with capture_logs() as logs:
        for _ in range(3 * PARTITIONS):
            await relay.run_once()
    lost = [each["partition"] for each in logs if each["log_level"] == "warning"]
    assert sorted(lost) == list(ALL)
    watched.asked.clear()
    for _ in ALL:
        await relay.run_once()
    assert sorted(watched.asked) == list(ALL)
    await tell_all(commits, "after", times=1)
    await relay.run_once()
    for partition in ALL:
        assert [entry_id for entry_id, _ in await entries_of(redis, partition)] == ["3-0"]


async def test_an_idle_sweep_asks_sql_once_and_redis_for_one_partition_in_turn(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await tell_all(commits, "before")
    watched = Watched(redis)
    relay = await settled_relay(database, watched)
    watched.asked.clear()
    with statements() as seen:
        for _ in ALL:
            await relay.run_once()
    assert len([each for each in seen if each.startswith("SELECT")]) == PARTITIONS
    assert sorted(watched.asked) == list(ALL)


async def test_a_sweep_asks_for_the_partitions_that_have_something_to_publish(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await tell_all(commits, "before")
    watched = Watched(redis)
    relay = await settled_relay(database, watched)
    for partition in (1, 3):
        watched.asked.clear()
        await tell(commits, f"by another process {partition}", USERS[partition])
        await relay.run_once()
        assert partition in watched.asked
        assert len(watched.asked) <= 2
    assert await streams(redis) == await committed(database)


async def test_what_is_published_and_not_marked_yet_is_not_asked_for(
    sqlite_database: Database, redis: Redis
) -> None:
    commits, watched = new_commits(sqlite_database), Watched(redis)
    relay = await settled_relay(sqlite_database, watched)
    commits.followers.append(relay.notice)
    await tell_all(commits, "told")
    await relay.run_once()
    watched.asked.clear()
    await relay.run_once()
    assert len(watched.asked) == 1
    assert told_in(await streams(redis))


async def test_one_stream_that_lost_something_has_all_of_them_held_against_the_log(
    sqlite_database: Database, redis: Redis
) -> None:
    commits = new_commits(sqlite_database)
    await tell_all(commits, "before")
    relay = await settled_relay(sqlite_database, Streams(redis))
    await redis.flushall()
    # The first sweep finds the loss in one partition, the second in all.
    for _ in range(2):
        await relay.run_once()
    assert await streams(redis) == await committed(sqlite_database)


@pytest.mark.criterion("2.1.3", "2.1.4")
async def test_partitions_whose_node_is_away_do_not_hold_up_the_others(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    watched = Watched(redis, away=[0, 2])
    relay = new_relay(database, watched)
    await tell_all(commits, "before")
    with pytest.raises(StoreUnavailable, match="its node is away"):
        await relay.run_once()
    found, log = await streams(redis), await committed(database)
    assert found == {n: [] if n in watched.away else log[n] for n in ALL}
    watched.away.clear()
    await relay.run_once()
    assert await streams(redis) == log
    await until(lambda: marked(database))


@pytest.mark.criterion("2.1.3", "2.1.4")
async def test_events_of_other_partitions_wait_neither_for_one_that_fails_nor_for_the_pause(
    sqlite_database: Database, redis: Redis
) -> None:
    commits, watched = new_commits(sqlite_database), Watched(redis, away=[0])
    relay = only_asked(sqlite_database, watched)
    commits.followers.append(relay.notice)
    reasons: list[str | None] = []
    relay.loop.on_trouble = reasons.append
    relay.loop.start()
    await tell(commits, "to the one that is away", USERS[0])
    await until(lambda: has_failed(reasons))
    watched.may_fail.clear()
    for n in range(10):
        await tell(commits, f"{n}", USERS[1])
        await until(lambda n=n: has_arrived(redis, n + 1))  # type: ignore[misc]
    assert None not in reasons
    watched.may_fail.set()
    watched.away.clear()
    # As the watch over Redis does.
    relay.loop.retry()
    await until(lambda: marked(sqlite_database))
    await relay.loop.finish(PATIENCE)
    assert await streams(redis) == await committed(sqlite_database)
    assert reasons[-1] is None


@pytest.mark.criterion("2.1.3", "2.1.4")
@pytest.mark.parametrize("in_a_step", [False, True], ids=["in the pause", "in a step"])
async def test_a_relay_that_is_to_look_again_does_not_wait_for_the_pause_either(
    sqlite_database: Database, redis: Redis, in_a_step: bool
) -> None:
    commits, watched = new_commits(sqlite_database), Watched(redis, away=[0])
    relay = only_asked(sqlite_database, watched)
    commits.followers.append(relay.notice)
    reasons: list[str | None] = []
    relay.loop.on_trouble = reasons.append

    async def has_asked_for_the_one_that_is_away() -> bool:
        return 0 in watched.asked

    relay.loop.start()
    await until(lambda: has_failed(reasons))
    for n in (1, 2, 3):
        if in_a_step:
            watched.may_fail.clear()
            watched.asked.clear()
            relay.loop.retry()
            await until(has_asked_for_the_one_that_is_away)
        relay.look_again()
        # Each in a partition that the step at hand has found up to date.
        await tell(commits, f"{n}", USERS[n])
        watched.may_fail.set()
        await until(lambda n=n: has_arrived(redis, 1, partition=n))  # type: ignore[misc]
    # Without news the pause is kept: there are no more steps than reasons for one.
    attempts = len(reasons)
    for n in range(5):
        await tell(commits, f"later {n}", USERS[1])
        await until(lambda n=n: has_arrived(redis, 2 + n))  # type: ignore[misc]
    assert len(reasons) <= attempts + 1 + 5
    await relay.loop.finish(PATIENCE)


@pytest.mark.criterion("2.1.3", "2.1.4")
async def test_what_comes_for_a_partition_while_it_fails_is_not_tried_in_the_same_step(
    sqlite_database: Database, redis: Redis
) -> None:
    commits, watched = new_commits(sqlite_database), Watched(redis)
    relay = only_asked(sqlite_database, watched)
    await relay.run_once()
    commits.followers.append(relay.notice)
    watched.away = {0}
    watched.may_fail.clear()
    await tell(commits, "first", USERS[0])
    step = asyncio.create_task(relay.run_once())

    async def is_under_way() -> bool:
        return watched.sent_to == [0]

    await until(is_under_way)
    await tell(commits, "second", USERS[0])
    await tell(commits, "for another", USERS[1])
    watched.may_fail.set()
    with pytest.raises(StoreUnavailable):
        await step
    assert watched.sent_to == [0] * TRIES + [1]
    watched.away.clear()
    await relay.run_once()
    assert await streams(redis) == await committed(sqlite_database)


async def has_failed(reasons: Sequence[str | None]) -> bool:
    return bool(reasons)


async def has_arrived(redis: Redis, events: int, partition: int = 1) -> bool:
    return len((await streams(redis))[partition]) == events


async def test_a_redis_that_was_away_is_held_against_the_log_also_where_nothing_was_sent(
    sqlite_database: Database, redis: Redis
) -> None:
    commits = new_commits(sqlite_database)
    await tell_all(commits, "before")
    watched = Watched(redis)
    relay = new_relay(sqlite_database, watched)
    await relay.run_once()
    await until(lambda: marked(sqlite_database))
    commits.followers.append(relay.notice)
    watched.away = {1}
    await tell(commits, "meanwhile", USERS[1])
    with pytest.raises(StoreUnavailable):
        await relay.run_once()
    # Neither the one that was away nor the one whose turn it is.
    await redis.delete(stream_name(3))
    watched.away.clear()
    for _ in range(2):
        await relay.run_once()
    assert await streams(redis) == await committed(sqlite_database)
