"""What PostgreSQL is asked to do about those who hold it up."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from tests.e2e.program import runs
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE, until, wait_until
from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.log.heartbeat import ping_database
from yabot.log.tables import audit_log
from yabot.runtime.watch import StoreWatch
from yabot.storage.relational.database import Database

PATIENCE_MS = 1000


@pytest.mark.criterion("rel.3")
@pytest.mark.parametrize("rows", [1, 3])
async def test_a_transaction_of_one_who_was_stopped_is_ended(
    new_postgres: NewDatabase, rows: int
) -> None:
    """Whatever it had run last: it may hold locks that all others wait for."""
    database = new_postgres(timeout_ms=PATIENCE_MS)
    await database.open()
    row = {"kind": "test", "details": "{}", "created_at": utc_now()}

    def stop_in_the_middle(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        pid = driver.info.backend_pid
        connection.execute(insert(audit_log), [row] * rows)
        wait_until(lambda: not runs(pid))
        connection.exec_driver_sql("SELECT 1")

    with pytest.raises(StoreUnavailable, match="IdleInTransaction"):
        await database.write(stop_in_the_middle)


async def test_a_server_that_takes_writes_again_is_found_to_do_so(
    postgres_database: Database,
) -> None:
    """A session that has begun while it took none never would."""

    def setting(whether: str) -> Callable[[Connection], None]:
        name = postgres_database.engine.url.database
        words = f"ALTER DATABASE {name} SET default_transaction_read_only = {whether}"

        def change(connection: Connection) -> None:
            connection.exec_driver_sql("SET TRANSACTION READ WRITE")
            connection.exec_driver_sql(words)

        return change

    lost: list[str] = []
    restored: list[float] = []
    watch = StoreWatch(
        postgres_database.gate,
        postgres_database.open,
        lambda: ping_database(postgres_database, ()),
    )
    watch.on_lost.append(lost.append)
    watch.on_restored.append(restored.append)
    with postgres_database.engine.begin() as connection:
        setting("on")(connection)
    postgres_database.engine.dispose()
    await watch.start(PATIENCE)
    postgres_database.gate.suspected.set()
    await until(lambda: _has_some(lost))
    with postgres_database.engine.begin() as connection:
        setting("off")(connection)
    await until(lambda: _has_some(restored))
    await watch.stop()


async def _has_some(found: Sequence[object]) -> bool:
    return bool(found)
