"""An update that was committed, of which SQL's answer was lost: it is told of as it was decided."""

from structlog.testing import capture_logs

from tests.bot.processing.bench import at_the_bench, written
from tests.bot.sender.recorder import Recorder
from tests.storage.dumps import rows_of
from tests.storage.losing_answers import LosingAnswers
from yabot.bot.tables import updates
from yabot.observability.metrics import REGISTRY
from yabot.storage.relational.database import Database


def updates_counted(outcome: str) -> float:
    labels = {"operation": "unknown", "outcome": outcome}
    return REGISTRY.get_sample_value("yabot_updates_total", labels) or 0.0


async def test_nobody_says_that_it_failed(sqlite_database: Database, recorder: Recorder) -> None:
    database = LosingAnswers(sqlite_database)
    fine, failed = updates_counted("ok"), updates_counted("failed")
    async with at_the_bench(database, recorder, alone=True) as bench:
        await bench.look()
        with capture_logs() as logs:
            await bench.receive(written(1, 7, "slow"))
            await bench.handlers.began.wait()
            database.losing = bench.handlers.failing = True
            bench.handlers.go_on.set()
            await bench.finish()
        assert await bench.noted() == {"7": ["slow"]}
        assert [row["state"] for row in await rows_of(database, updates)] == ["done"]
    assert "update.failed" not in [each["event"] for each in logs]
    assert (updates_counted("ok"), updates_counted("failed")) == (fine + 1, failed)
