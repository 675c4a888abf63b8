"""kill -9 between every two steps of a handled event; the next process goes on, and all is well."""

import asyncio

import pytest

from tests.crash.conftest import SIDE_BY_SIDE, NewChild, NewPlace
from tests.crash.invariants import attempts_are_remembered, verify
from tests.crash.load import Load
from tests.crash.places import opened
from tests.crash.program import Orders
from tests.e2e.kill_points import KillPoint

# In this order: one that waits, one whose quest fails, poison, a shy one, a sick one.
LOAD = Load(readers=1, reactions=5)
# The last but one is slow: positions are marked while it is under way.
SLOW_LOAD = Load(readers=1, reactions=7)

TAKEN_ON = [
    KillPoint("log", "feed.read"),
    KillPoint("log", "feed.offered"),
    KillPoint("log", "pay.asked"),
    KillPoint("log", "pay.decided"),
]
IN_THE_COMMIT = [
    *(KillPoint("sql", "INSERT INTO receipts", n) for n in (1, 6, 14)),
    *(KillPoint("sql", "INSERT INTO audit_log", n) for n in (1, 2)),
    KillPoint("sql", "INSERT INTO transactions"),
    KillPoint("sql", "INSERT INTO postings"),
    *(KillPoint("sql", "INSERT INTO workflows", n) for n in (1, 2)),
    *(KillPoint("sql", "UPDATE workflows", n) for n in (1, 2, 4)),
    KillPoint("sql", "UPDATE user_counters", 3),
    KillPoint("sql", "INSERT INTO doc_changes", 2),
    KillPoint("sql", "UPDATE partitions SET last_pos", 3),
    KillPoint("sql", "INSERT INTO outbox", 4),
    *(KillPoint("commit", "INSERT INTO audit_log", n) for n in (1, 2, 4, 7)),
]
AFTER_THE_COMMIT = [
    *(KillPoint("log", "unit.committed", n) for n in (2, 5, 8, 11, 14, 17, 20)),
    KillPoint("log", "workflow.woken"),
    KillPoint("log", "workflow.woken", 2),
]
FOLLOWERS = [
    *(KillPoint("log", "events.published", n) for n in (1, 3)),
    KillPoint("sql", "UPDATE partitions SET published_pos"),
    KillPoint("commit", "UPDATE partitions SET published_pos"),
    KillPoint("mongo", "update", 2),
    KillPoint("log", "documents.applied", 2),
    KillPoint("sql", "DELETE FROM doc_changes"),
]
MARKS = [
    KillPoint("sql", "UPDATE group_positions"),
    KillPoint("commit", "UPDATE group_positions"),
    # Those before have been committed.
    KillPoint("sql", "UPDATE group_positions", 4),
    KillPoint("commit", "UPDATE group_positions", 4),
]
FAILURES = [
    *(KillPoint("log", "event.failed", n) for n in (1, 2, 3)),
    *(KillPoint("sql", "INSERT INTO dead_letters", n) for n in (1, 2)),
    *(KillPoint("commit", "INSERT INTO dead_letters", n) for n in (1, 2)),
    *(KillPoint("sql", "UPDATE dead_letters", n) for n in (1, 2, 3)),
    *(KillPoint("commit", "UPDATE dead_letters", n) for n in (1, 2, 3)),
    KillPoint("sql", "DELETE FROM dead_letters"),
    KillPoint("commit", "DELETE FROM dead_letters"),
]


POINTS = [*TAKEN_ON, *IN_THE_COMMIT, *AFTER_THE_COMMIT, *FOLLOWERS, *MARKS, *FAILURES]
BATCHES = [POINTS[first : first + SIDE_BY_SIDE] for first in range(0, len(POINTS), SIDE_BY_SIDE)]


@pytest.mark.criterion("2.3.1", "3.1.5", "rel.3")
@pytest.mark.parametrize("points", BATCHES, ids=lambda points: ", ".join(map(str, points)))
async def test_wherever_a_worker_dies_the_next_goes_on(
    new_place: NewPlace, new_child: NewChild, points: list[KillPoint]
) -> None:
    async def die_and_go_on(point: KillPoint) -> None:
        place, load = new_place(), SLOW_LOAD if point in MARKS else LOAD
        child = new_child(Orders(place, load))
        await child.dies_at(point)
        await child.finishes()
        attempts_are_remembered(child.logged("event.failed"))
        async with opened(place) as stores:
            await verify(stores, load)

    await asyncio.gather(*map(die_and_go_on, points))
