"""What is counted of an update is counted with its commit, not with each attempt at it."""

import pytest

from tests.bot.processing.bench import at_the_bench, written
from tests.bot.sender.recorder import Recorder
from tests.storage.failing_writes import FailingWrites
from tests.waiting import PATIENCE
from yabot.observability.metrics import REGISTRY
from yabot.storage.relational.database import Database


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"yabot_{name}_total", labels) or 0.0


@pytest.mark.parametrize(
    ("text", "at_once", "name", "labels"),
    [
        ("hello", 0, "updates_turned_away", {}),
        ("too much", 10, "degraded_replies", {"kind": "failed"}),
    ],
)
async def test_a_commit_that_fails_at_first_counts_no_update_twice(
    sqlite_database: Database,
    recorder: Recorder,
    text: str,
    at_once: int,
    name: str,
    labels: dict[str, str],
) -> None:
    database = FailingWrites(sqlite_database)
    before = counted(name, **labels)
    async with at_the_bench(database, recorder, alone=True, at_once=at_once) as bench:
        await bench.look()
        # It is stored, and its first commit fails. What its handler wants gets to none.
        database.fail(behind=1)
        await bench.receive(written(1, 7, text))
        assert await bench.processor.lanes.drain(PATIENCE)
        await bench.finish()
    assert database.has_failed
    assert counted(name, **labels) == before + 1
