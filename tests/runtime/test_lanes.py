"""One key's work in order, different keys' side by side, never more than the bound at once."""

import asyncio
import sys
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from tests.waiting import PATIENCE
from yabot.runtime.lanes import Job, Lanes


@dataclass
class Record:
    """What ran when, as the jobs tell it."""

    done: list[tuple[str, int]] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    most: int = 0

    def job(self, key: str, n: int, *, turns: int = 1, fails: bool = False) -> Job:
        async def work() -> None:
            assert key not in self.running, "two jobs of one key at once"
            self.running.add(key)
            self.most = max(self.most, len(self.running))
            for _ in range(turns):
                await asyncio.sleep(0)
            self.running.remove(key)
            self.done.append((key, n))
            if fails:
                raise ValueError(f"{key} {n}")

        return work

    def failed(self, key: str, error: Exception) -> None:
        self.errors.append((key, str(error)))

    def of(self, key: str) -> list[int]:
        return [n for each, n in self.done if each == key]


def lanes(record: Record, in_flight: int | None = 8) -> Lanes[str]:
    return Lanes(in_flight, record.failed)


async def test_a_key_s_jobs_run_one_after_another_in_order() -> None:
    record = Record()
    work = lanes(record)
    for n in range(20):
        work.submit("a", record.job("a", n, turns=n % 4))
    assert await work.drain(PATIENCE)
    assert record.of("a") == list(range(20))
    assert record.most == 1


async def test_a_key_never_waits_for_another() -> None:
    record, gate = Record(), asyncio.Event()
    work = lanes(record)

    async def stuck() -> None:
        await gate.wait()

    work.submit("slow", stuck)
    for n in range(5):
        work.submit("quick", record.job("quick", n))
    await work.until_at_most(1)
    assert record.of("quick") == list(range(5))
    assert work.waiting == 1
    gate.set()
    assert await work.drain(PATIENCE)


async def test_no_more_than_the_bound_run_at_once() -> None:
    record = Record()
    work = lanes(record, in_flight=3)
    for n in range(30):
        work.submit(str(n), record.job(str(n), n, turns=5))
    assert await work.drain(PATIENCE)
    assert record.most == 3
    assert len(record.done) == 30


async def test_without_a_bound_all_keys_run_at_once() -> None:
    record = Record()
    work = lanes(record, in_flight=None)
    for n in range(300):
        work.submit(str(n % 100), record.job(str(n % 100), n, turns=5))
    assert await work.drain(PATIENCE)
    assert record.most == 100
    assert record.of("7") == [7, 107, 207]


async def test_an_error_is_told_and_the_lane_goes_on() -> None:
    record = Record()
    work = lanes(record)
    for n in range(4):
        work.submit("a", record.job("a", n, fails=n == 1))
    assert await work.drain(PATIENCE)
    assert record.of("a") == [0, 1, 2, 3]
    assert record.errors == [("a", "a 1")]


async def test_a_job_that_ends_as_cancelled_does_not_end_its_lane() -> None:
    """A task that it awaited was cancelled by somebody else."""
    record = Record()
    work = lanes(record)

    async def awaits_a_cancelled_task() -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        await task

    work.submit("a", awaits_a_cancelled_task)
    work.submit("a", record.job("a", 1))
    assert await work.drain(PATIENCE)
    work.submit("a", record.job("a", 2))
    assert await work.drain(PATIENCE)
    assert record.of("a") == [1, 2]


async def test_a_drained_lane_takes_work_again() -> None:
    record = Record()
    work = lanes(record)
    for n in range(3):
        work.submit("a", record.job("a", n))
        assert await work.drain(PATIENCE)
    assert record.of("a") == [0, 1, 2]


async def test_a_job_may_submit_more_of_its_own_key() -> None:
    record = Record()
    work = lanes(record)

    async def first() -> None:
        work.submit("a", record.job("a", 2))

    work.submit("a", first)
    work.submit("a", record.job("a", 1))
    assert await work.drain(PATIENCE)
    assert record.of("a") == [1, 2]


async def test_draining_gives_up_in_time_and_cancelling_ends_what_runs() -> None:
    record, ended = Record(), asyncio.Event()
    work = lanes(record)

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    work.submit("a", endless)
    work.submit("a", record.job("a", 1))
    assert not await work.drain(0.05)
    await work.cancel()
    assert ended.is_set()
    assert work.waiting == work.crowd == 0
    assert record.done == []


@pytest.mark.parametrize("jobs", [0, 3])
async def test_waiting_until_there_is_room(jobs: int) -> None:
    record = Record()
    work = lanes(record)
    for n in range(12):
        work.submit(str(n % 4), record.job(str(n % 4), n, turns=3))
    await work.until_at_most(jobs)
    assert work.waiting <= jobs
    assert await work.drain(PATIENCE)


async def test_room_is_made_by_each_job_not_by_the_end_of_its_lane() -> None:
    record = Record()
    work = lanes(record)
    for n in range(20):
        work.submit("a", record.job("a", n, turns=3))
    await work.until_at_most(19)
    assert work.waiting >= 18
    await work.until_at_most(sys.maxsize, 10)
    assert 9 <= work.waiting <= 10
    assert await work.drain(PATIENCE)


async def test_a_key_s_surplus_takes_nobody_else_s_room() -> None:
    record, gate = Record(), asyncio.Event()
    work: Lanes[str] = Lanes(8, record.failed, share=3)

    async def stuck() -> None:
        await gate.wait()

    work.submit("a", stuck)
    for n in range(20):
        work.submit("a", record.job("a", n))
    work.submit("b", record.job("b", 0))
    assert (work.crowd, work.waiting) == (4, 22)
    await work.until_at_most(3)
    assert record.of("b") == [0]
    gate.set()
    await work.until_at_most(2)
    assert record.of("a") == list(range(18))
    assert await work.drain(PATIENCE)
    assert work.crowd == 0


async def test_whoever_waits_for_room_is_woken_when_all_is_cancelled() -> None:
    work = lanes(Record())

    async def endless() -> None:
        await asyncio.Event().wait()

    work.submit("a", endless)
    waiter = asyncio.create_task(work.until_at_most(0))
    await asyncio.sleep(0)
    await work.cancel()
    async with asyncio.timeout(PATIENCE):
        await waiter


jobs = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 5), st.booleans(), st.integers(0, 2)),
    max_size=30,
)


@settings(max_examples=examples(60))
@given(in_flight=st.integers(1, 4), plan=jobs)
async def test_whatever_comes_everything_runs_once_in_order_and_within_the_bound(
    in_flight: int, plan: list[tuple[str, int, bool, int]]
) -> None:
    record = Record()
    work = lanes(record, in_flight)
    for n, (key, turns, fails, pause) in enumerate(plan):
        work.submit(key, record.job(key, n, turns=turns, fails=fails))
        for _ in range(pause):
            await asyncio.sleep(0)
    assert await work.drain(PATIENCE)
    for key in "abcd":
        assert record.of(key) == [n for n, (each, *_) in enumerate(plan) if each == key]
    assert sorted(record.errors) == sorted(
        (key, f"{key} {n}") for n, (key, _, fails, _) in enumerate(plan) if fails
    )
    assert record.most <= in_flight
    assert work.waiting == work.crowd == 0


async def test_what_is_submitted_while_all_is_cancelled_is_forgotten_with_it() -> None:
    work, may_end = lanes(Record()), asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await may_end.wait()

    async def late() -> None:
        await asyncio.Event().wait()

    work.submit("slow", slow_to_end)
    await asyncio.sleep(0)
    cancelling = asyncio.create_task(work.cancel())
    await asyncio.sleep(0)
    work.submit("late", late)
    await asyncio.sleep(0)
    may_end.set()
    async with asyncio.timeout(PATIENCE):
        await cancelling
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert (work.waiting, work.crowd, work.length("late")) == (0, 0, 0)
