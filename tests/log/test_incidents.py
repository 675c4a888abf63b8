"""What happened to the program itself is told, also behind what could not be told."""

from sqlalchemy import Connection
from structlog.testing import capture_logs

from tests.storage.dumps import rows_of
from tests.storage.fixtures import new_commits
from tests.waiting import until
from yabot.log.incidents import Incidents, StoreLost, StoreRestored
from yabot.log.tables import outbox
from yabot.storage.relational.database import Database


def mislay(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE outbox RENAME COLUMN envelope TO mislaid")


def put_back(connection: Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE outbox RENAME COLUMN mislaid TO envelope")


async def test_one_that_cannot_be_told_keeps_the_next_ones_from_nothing(
    sqlite_database: Database,
) -> None:
    incidents = Incidents(new_commits(sqlite_database))
    incidents.start()
    await sqlite_database.write(mislay)
    with capture_logs() as logs:
        incidents.report(StoreLost(store="redis"))

        async def has_failed() -> bool:
            return any(entry["event"] == "incident.not_published" for entry in logs)

        await until(has_failed)
    await sqlite_database.write(put_back)
    incidents.report(StoreRestored(store="redis", downtime_s=1.0))

    async def is_told() -> bool:
        return [row["event_type"] for row in await rows_of(sqlite_database, outbox)] == [
            "store_restored"
        ]

    await until(is_told)
    await incidents.stop()
