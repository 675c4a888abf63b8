"""kill -9 between every two steps of a workflow: the next start goes on, and nothing is twice."""

import asyncio
import shutil
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from tests.coordinator.orders import OrderPaid, OrderPlaced, OrderSent
from tests.coordinator.program import start
from tests.coordinator.shop import Shop
from tests.e2e.kill_points import KillPoint
from tests.storage.fixtures import PATIENCE_MS
from tests.waiting import PATIENCE
from yabot.storage.relational.sqlite import SqliteDatabase

pytestmark = pytest.mark.slow

# Order a is refused when it is to be sent, and undone; b is sent, and later closed.
HISTORY = (
    OrderPlaced(order="a"),
    OrderPaid(order="a"),
    OrderSent(order="a", fault="terminal"),
    OrderPlaced(order="b"),
    OrderPaid(order="b"),
    OrderSent(order="b"),
)
EFFECTS = {
    "a": ["reserve", "charge", "refund", "release"],
    "b": ["reserve", "charge", "send", "close"],
}
DAYS = (0, 31)
# Six events and two compensations are eight units of work on the first day; a deadline is one.
POINTS = [
    *((0, KillPoint("log", "unit.committed", n)) for n in range(1, 9)),
    *((0, KillPoint("commit", "INSERT INTO receipts", n)) for n in range(1, 9)),
    *((0, KillPoint("sql", "INSERT INTO workflows", n)) for n in (1, 2)),
    *((0, KillPoint("sql", "UPDATE workflows", n)) for n in range(1, 7)),
    *((0, KillPoint("sql", "INSERT INTO audit_log", n)) for n in range(1, 10)),
    (31, KillPoint("log", "unit.committed")),
    (31, KillPoint("commit", "INSERT INTO receipts")),
    (31, KillPoint("sql", "UPDATE workflows")),
    (31, KillPoint("sql", "INSERT INTO audit_log")),
]


@pytest.fixture(scope="module")
def history(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy, in which all of it has happened and nothing of it is handled."""
    path = tmp_path_factory.mktemp("history") / "yabot.db"
    shutil.copy(migrated_sqlite, path)
    asyncio.run(_write(path))
    return path


async def _write(path: Path) -> None:
    database = SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS)
    await database.open()
    shop = Shop(database)
    await shop.open()
    for event in HISTORY:
        await shop.tell(event)
    await database.close()


@pytest.mark.criterion("3.1.4", "3.1.5")
@pytest.mark.parametrize(("day", "point"), POINTS, ids=str)
async def test_wherever_it_is_killed_the_next_start_goes_on(
    history: Path, tmp_path: Path, day: int, point: KillPoint
) -> None:
    path, kill_file = tmp_path / "yabot.db", tmp_path / "kill"
    shutil.copy(history, path)
    for today in DAYS:
        if today == day:
            point.arm(kill_file)
            assert await _exit_code(path, kill_file, today) == -signal.SIGKILL
            kill_file.unlink()
        assert await _exit_code(path, kill_file, today) == 0
    await _assert_all_is_well(path)


async def _exit_code(path: Path, kill_file: Path, days: int) -> int | None:
    process = start(path, kill_file, timedelta(days=days))
    await asyncio.to_thread(process.join, PATIENCE)
    return process.exitcode


async def _assert_all_is_well(path: Path) -> None:
    database = SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS)
    await database.open()
    shop = Shop(database)
    assert await shop.effects() == EFFECTS
    assert await shop.compensated("a") == ["charge", "reserve"]
    assert [await shop.state(order) for order in "ab"] == ["failed", "finished"]
    assert await shop.dead() == []
    await database.close()
