"""A relay that dies anywhere between commit and mark: the next one goes on, and doubles nothing."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from tests.bus.log import (
    assert_in_order,
    committed,
    forget_marks,
    marked,
    marks,
    streams,
    tell,
    told_in,
)
from tests.bus.relays import new_relay, only_asked
from tests.storage.fixtures import new_commits
from tests.waiting import PATIENCE, until
from yabot.bus.relay import Relay
from yabot.bus.streams import Appended, Streams
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry
from yabot.log.commit_log import CommitLog, Committed
from yabot.storage.relational.database import Database


class Flaky(Streams):
    """Each partition's first batches fail: they do not arrive, or their answers get lost."""

    def __init__(self, redis: Redis, failing: int, *, arrives: bool) -> None:
        super().__init__(redis)
        self._failing = failing
        self._arrives = arrives
        self._tries: Counter[int] = Counter()

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> Appended:
        self._tries[partition] += 1
        fails = self._tries[partition] <= self._failing
        if fails and not self._arrives:
            raise StoreUnavailable("Redis", "the connection is lost")
        appended = await super().append(partition, stands_at, entries)
        if fails:
            raise StoreUnavailable("Redis", "the answer is lost")
        return appended


async def fill(commits: CommitLog, count: int = 20) -> None:
    for n in range(count):
        await tell(commits, f"{n}", str(7 + n % 5), times=2)


async def assert_complete(database: Database, redis: Redis, events: int) -> None:
    found = await streams(redis)
    assert found == await committed(database)
    assert len(told_in(found)) == events
    assert_in_order(found)
    await until(lambda: marked(database))


async def test_committed_and_not_sent(database: Database, commits: CommitLog, redis: Redis) -> None:
    await fill(commits)
    assert sum(row["last_pos"] for row in await marks(database)) == 40
    assert told_in(await streams(redis)) == []
    await tell(commits, "later", "7")
    await new_relay(database, Streams(redis)).run_once()
    await assert_complete(database, redis, events=41)


async def test_sent_and_not_marked(database: Database, commits: CommitLog, redis: Redis) -> None:
    await fill(commits)
    relay = new_relay(database, Streams(redis))
    await relay.run_once()
    await until(lambda: marked(database))
    await forget_marks(database)
    await tell(commits, "later", "7")
    await new_relay(database, Streams(redis)).run_once()
    await assert_complete(database, redis, events=41)


@pytest.mark.parametrize("told", [False, True], ids=["found in SQL", "told of"])
@pytest.mark.parametrize("arrives", [False, True], ids=["request lost", "answer lost"])
async def test_a_batch_whose_fate_is_unknown_is_sent_again_and_there_once(
    database: Database, commits: CommitLog, redis: Redis, arrives: bool, told: bool
) -> None:
    relay = new_relay(database, Flaky(redis, failing=2, arrives=arrives))
    if told:
        await relay.run_once()
        commits.followers.append(relay.notice)
    await fill(commits)
    await relay.run_once()
    await assert_complete(database, redis, events=40)


@pytest.mark.parametrize("told", [False, True], ids=["found in SQL", "told of"])
@pytest.mark.parametrize("arrives", [False, True], ids=["requests lost", "answers lost"])
async def test_a_relay_that_gave_up_goes_on_when_asked_again(
    database: Database, commits: CommitLog, redis: Redis, arrives: bool, told: bool
) -> None:
    relay = new_relay(database, Flaky(redis, failing=3, arrives=arrives))
    if told:
        await relay.run_once()
        commits.followers.append(relay.notice)
    await fill(commits)
    with pytest.raises(StoreUnavailable):
        await relay.run_once()
    await tell(commits, "later", "7")
    await until_done(relay)
    await assert_complete(database, redis, events=41)


async def until_done(relay: Relay) -> None:
    while True:
        try:
            await relay.run_once()
        except StoreUnavailable:
            continue
        return


async def test_a_relay_cut_off_at_any_point_leaves_nothing_undone(
    sqlite_database: Database, redis: Redis
) -> None:
    commits = new_commits(sqlite_database)
    for turns in range(0, 60, 3):
        await tell(commits, f"{turns}", str(7 + turns % 5), times=3)
        relaying = asyncio.create_task(new_relay(sqlite_database, Streams(redis)).run_once())
        for _ in range(turns):
            await asyncio.sleep(0)
        relaying.cancel()
        await asyncio.wait([relaying])
    await new_relay(sqlite_database, Streams(redis)).run_once()
    await assert_complete(sqlite_database, redis, events=60)


async def test_a_relay_that_is_called_off_at_any_point_knows_what_it_owes(
    sqlite_database: Database, redis: Redis
) -> None:
    commits, relay = new_commits(sqlite_database), new_relay(sqlite_database, Streams(redis))
    await relay.run_once()
    commits.followers.append(relay.notice)
    for turns in range(20):
        await tell(commits, f"{turns}", str(7 + turns % 5), times=3)
        relaying = asyncio.create_task(relay.run_once())
        for _ in range(turns):
            await asyncio.sleep(0)
        relaying.cancel()
        await asyncio.wait([relaying])
        await relay.run_once()
        assert await streams(redis) == await committed(sqlite_database)


async def test_what_another_process_committed_and_never_sent_is_found_by_the_sweep(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay = new_relay(database, Streams(redis), sweep_seconds=0.1)
    await relay.run_once()
    await fill(commits)
    relay.loop.start()

    async def all_sent() -> bool:
        return len(told_in(await streams(redis))) == 40

    await until(all_sent)
    await relay.loop.finish(PATIENCE)
    await assert_complete(database, redis, events=40)


async def test_what_another_process_committed_in_between_comes_in_its_place(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay, elsewhere = new_relay(database, Streams(redis)), new_commits(database)
    await relay.run_once()
    commits.followers.append(relay.notice)
    for n, log in enumerate((commits, elsewhere, commits)):
        await tell(log, f"{n}", "7")
    await relay.run_once()
    await assert_complete(database, redis, events=3)


async def test_it_may_be_told_of_the_later_commit_first(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay = new_relay(database, Streams(redis))
    await relay.run_once()
    told: list[Committed] = []
    commits.followers.append(told.append)
    for n in range(8):
        await tell(commits, f"{n}", "7")
    for batch in ((0, 2, 1, 3), (7, 6), (5, 4)):
        for n in batch:
            relay.notice(told[n])
        await relay.run_once()
    await assert_complete(database, redis, events=8)


async def test_a_commit_whose_answer_got_lost_is_published_when_its_cause_comes_again(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relay = only_asked(database, Streams(redis))
    await relay.run_once()
    # As if the answer had been lost: nobody was told.
    await tell(commits, "cause", "7")
    commits.followers.append(relay.notice)
    commits.on_untold.append(relay.look_again)
    relay.loop.start()
    await tell(commits, "cause", "7")
    await until(lambda: marked(database))
    await relay.loop.finish(PATIENCE)
    await assert_complete(database, redis, events=1)


async def test_two_relays_at_once_publish_each_event_once(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    relays = [new_relay(database, Streams(redis)) for _ in range(2)]
    for relay in relays:
        commits.followers.append(relay.notice)
        relay.loop.start()
    await asyncio.gather(*(tell(commits, f"{n}", str(7 + n % 5), times=2) for n in range(60)))
    await asyncio.gather(*(relay.loop.finish(PATIENCE) for relay in relays))
    await assert_complete(database, redis, events=120)
