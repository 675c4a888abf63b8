"""What the look at SQL finds that is missing."""

from uuid import uuid4

import pytest
from sqlalchemy import URL

from tests.log.units import add_receipt
from tests.storage.fixtures import PATIENCE_MS
from tests.storage.schema import SCHEMA
from yabot.errors import StoreUnavailable
from yabot.log.heartbeat import ping_database
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase

SEQUENCES = "ALL SEQUENCES IN SCHEMA public"


@pytest.mark.criterion("1.1.5")
async def test_tables_whose_rows_we_may_not_number_are_away(postgres_database: Database) -> None:
    """They can be read, and no commit succeeds."""
    role = f"role_{uuid4().hex}"
    await _run(postgres_database, f"CREATE ROLE {role} LOGIN")
    await _run(postgres_database, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    ours = _as_role(postgres_database.engine.url, role)
    await ours.open()
    with pytest.raises(StoreUnavailable, match=r"no \w+_seq for us: give .* their sequences"):
        await ping_database(ours, SCHEMA.tables)
    await _run(postgres_database, f"GRANT USAGE ON {SEQUENCES} TO {role}")
    await ping_database(ours, SCHEMA.tables)
    await ours.close()
    await _run(postgres_database, f"DROP OWNED BY {role}")
    await _run(postgres_database, f"DROP ROLE {role}")


@pytest.mark.criterion("1.1.5")
@pytest.mark.parametrize(
    ("change", "missing", "undo"),
    [
        (
            "ALTER TABLE outgoing RENAME payload TO content",
            "outgoing.payload",
            "ALTER TABLE outgoing RENAME content TO payload",
        ),
        (
            "ALTER TABLE doc_changes ALTER id DROP DEFAULT",
            "doc_changes.id",
            "ALTER TABLE doc_changes ALTER id SET DEFAULT nextval('doc_changes_id_seq')",
        ),
    ],
)
async def test_tables_that_were_changed_by_hand_are_away(
    postgres_database: Database, change: str, missing: str, undo: str
) -> None:
    """No update could be answered, and each would be tried again and again."""
    await ping_database(postgres_database, SCHEMA.tables)
    await _run(postgres_database, change)
    with pytest.raises(StoreUnavailable, match=rf"no {missing} for us: .* undo what was changed"):
        await ping_database(postgres_database, SCHEMA.tables)
    await _run(postgres_database, undo)
    await ping_database(postgres_database, SCHEMA.tables)


@pytest.mark.criterion("1.1.5")
async def test_what_needs_a_column_that_is_gone_waits_until_it_is_back(
    postgres_database: Database,
) -> None:
    await _run(postgres_database, "ALTER TABLE receipts RENAME cause_id TO cause")
    with pytest.raises(StoreUnavailable, match="42703"):
        await postgres_database.write(add_receipt("one"))


def _as_role(url: URL, role: str) -> PostgresDatabase:
    address = url.set(username=role).render_as_string(hide_password=False)
    return PostgresDatabase(address, pool_size=1, timeout_ms=PATIENCE_MS)


async def _run(database: Database, statement: str) -> None:
    await database.write(lambda connection: connection.exec_driver_sql(statement))
