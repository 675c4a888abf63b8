"""What PostgreSQL is asked to do about those who hold it up."""

from typing import Any

import pytest
from sqlalchemy import Connection, insert

from tests.e2e.program import runs
from tests.storage.fixtures import NewDatabase
from tests.waiting import wait_until
from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.log.tables import audit_log

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
