"""Processes die, and nobody knows over which update: those that only waited are not given up."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from typing_extensions import override

from tests.bot.processing.bench import Bench, at_the_bench, written
from tests.bot.processing.payments import asked_to_pay, paid
from tests.bot.sender.recorder import Recorder
from tests.storage.dumps import rows_of
from tests.storage.passing_on import PassingOn
from tests.waiting import PATIENCE
from yabot.bot.intake import BEGUN, SUSPECT
from yabot.bot.tables import updates
from yabot.bot.waiting import Waiting, WaitingUpdates
from yabot.clock import utc_now
from yabot.storage.relational.database import Database, Statement

READERS = range(1, 9)


class Unheard(PassingOn):
    """Whoever waits for a write, while it ``keeps_silent``, does not hear that it is committed."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.keeps_silent = False
        self.has_committed = asyncio.Event()

    @override
    async def write(self, work: Statement[Any]) -> Any:
        answer = await super().write(work)
        if self.keeps_silent:
            self.has_committed.set()
            await asyncio.Event().wait()
        return answer


async def attempts_of(database: Database) -> list[int]:
    return [row["attempts"] for row in await rows_of(database, updates)]


async def after_deaths(bench: Bench, deaths: int) -> WaitingUpdates:
    """So often something has died while one update of each reader waited; the first is slow."""
    await bench.intake.store([written(n, n, "slow" if n == 1 else "quick") for n in READERS])
    waiting = WaitingUpdates(bench.intake)
    for _ in range(deaths):
        await waiting.count_attempt(range(bench.assignment.count))
    return waiting


async def test_who_only_waits_is_not_given_up_however_often_processes_die(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        await after_deaths(bench, 20)
        bench.handlers.go_on.set()
        await bench.look()
        await bench.finish()
        noted = await bench.noted()
    assert sorted(noted) == [str(n) for n in READERS]


async def test_under_suspicion_one_is_begun_at_a_time_and_the_death_is_its_own(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        waiting = await after_deaths(bench, SUSPECT)
        await bench.look()
        await bench.handlers.began.wait()
        await bench.database.flush()
        assert await attempts_of(sqlite_database) == [BEGUN, *[SUSPECT] * 7]
        assert await bench.noted() == {}
        await bench.processor.lanes.cancel()
        # It dies there, and the next one begins.
        await waiting.count_attempt(range(bench.assignment.count))
    found = await waiting.find(range(bench.assignment.count), known=())
    assert [each.incoming.update_id for each in found if each.is_given_up] == [1]
    async with at_the_bench(sqlite_database, recorder, alone=True) as heir:
        await heir.look()
        assert await heir.processor.lanes.drain(PATIENCE)
        noted = await heir.noted()
        states = [row["state"] for row in await rows_of(sqlite_database, updates)]
    assert sorted(noted) == [str(n) for n in READERS if n != 1]
    assert states == ["failed", *["done"] * 7]


async def test_a_stop_in_order_counts_against_nobody_under_suspicion(
    sqlite_database: Database, recorder: Recorder
) -> None:
    async with at_the_bench(sqlite_database, recorder, alone=True) as bench:
        waiting = await after_deaths(bench, SUSPECT)
        await bench.intake.note_begun(1)
        for _ in range(3):
            await waiting.excuse_attempt(range(bench.assignment.count))
            await waiting.count_attempt(range(bench.assignment.count))
    assert await attempts_of(sqlite_database) == [SUSPECT] * 8


@pytest.mark.parametrize("attempts", range(SUSPECT, 20))
def test_what_has_been_paid_is_never_given_up(attempts: int) -> None:
    now: datetime = utc_now()
    payment = Waiting(paid(1, 7), attempts, now)
    assert (payment.is_suspect, payment.is_given_up) == (True, False)
    # Nobody waits for the answer to this one any more.
    assert Waiting(asked_to_pay(1, 7), attempts, now).is_given_up


async def test_one_death_counts_once_also_where_the_count_is_cut_off(
    sqlite_database: Database, recorder: Recorder
) -> None:
    """As when a partition is revoked meanwhile, or the poll that has begun it is to end."""
    unheard = Unheard(sqlite_database)
    async with at_the_bench(unheard, recorder, alone=True) as bench:
        await after_deaths(bench, 0)
        bench.handlers.go_on.set()
        unheard.keeps_silent = True
        beginning = asyncio.create_task(bench.assignment.run_once())
        await unheard.has_committed.wait()
        beginning.cancel()
        await asyncio.wait([beginning])
        unheard.keeps_silent = False
        assert await attempts_of(sqlite_database) == [1] * len(READERS)
        await bench.look()
        assert await attempts_of(sqlite_database) == [1] * len(READERS)
        await bench.finish()
