"""What PostgreSQL is asked to do about those who hold it up."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, event, insert, select
from sqlalchemy.exc import DBAPIError

from tests.e2e.program import runs
from tests.log.faults import locked
from tests.log.units import add_receipt
from tests.storage.fixtures import NewDatabase
from tests.storage.schema import SCHEMA
from tests.waiting import PATIENCE, until, wait_until
from yabot.clock import utc_now
from yabot.error_text import kind_of
from yabot.errors import StoreUnavailable
from yabot.log.heartbeat import ping_database
from yabot.log.tables import audit_log, receipts
from yabot.runtime import watch as watch_module
from yabot.runtime.watch import StoreWatch
from yabot.storage.relational.database import Database
from yabot.storage.relational.postgres import PostgresDatabase
from yabot.storage.relational.schema import one_process_at_a_time

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


async def test_a_connection_with_the_servers_last_words_is_replaced(
    postgres_database: Database,
) -> None:
    """They are waiting at our end: what it answers before them would be the last."""
    pid = await postgres_database.read(backend_pid)
    with create_engine(postgres_database.engine.url).connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, {PATIENCE_MS})")
    assert await postgres_database.read(backend_pid) != pid


async def test_a_connection_that_breaks_between_two_statements_is_an_outage(
    new_postgres: NewDatabase,
) -> None:
    database = new_postgres(pool_size=1)
    await database.open()

    def break_it(connection: psycopg.Connection, *_others: object) -> None:
        connection.close()

    event.listen(database.engine, "checkout", break_it)
    for call in (database.read, database.write):
        with pytest.raises(StoreUnavailable, match="PostgreSQL is not available"):
            await call(backend_pid)
    event.remove(database.engine, "checkout", break_it)
    assert await database.read(backend_pid)


BROKEN = ("NEW.mislaid = 1;", "PERFORM 1 FROM mislaid;", "RAISE EXCEPTION '%', NEW.consumer;")


@pytest.mark.parametrize("body", BROKEN)
async def test_a_trigger_of_somebodys_that_fails_is_told_and_no_outage(
    postgres_database: Database, body: str
) -> None:
    """The look at our tables shows nothing: whoever waited for its end would wait for good."""

    def put(connection: Connection) -> None:
        connection.exec_driver_sql(
            "CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{body.replace('%', '%%')} RETURN NEW; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER noting BEFORE INSERT ON receipts "
            "FOR EACH ROW EXECUTE FUNCTION note_it()"
        )

    await postgres_database.write(put)
    with pytest.raises(DBAPIError) as raised:
        await postgres_database.write(add_receipt("Misu"))
    told = kind_of(raised.value)
    assert told.startswith("a function that is not ours has failed, such as a trigger")
    assert "(note_it): mend it, or drop the trigger" in told
    assert "Misu" not in told


async def test_neither_is_what_a_function_misses_of_which_the_server_tells_otherwise(
    postgres_database: Database,
) -> None:
    """It tells in its own language, and of what no procedural language has in other words."""

    def put(connection: Connection) -> None:
        for statement in (
            "CREATE TABLE mislaid ()",
            "CREATE FUNCTION knows(text) RETURNS bool LANGUAGE sql VOLATILE AS "
            "'SELECT EXISTS (SELECT 1 FROM mislaid)'",
            "ALTER TABLE receipts ADD CHECK (knows(consumer))",
            "DROP TABLE mislaid",
        ):
            connection.exec_driver_sql(statement)

    await postgres_database.write(put)
    with pytest.raises(DBAPIError):
        await postgres_database.write(add_receipt("any"))


@pytest.mark.parametrize("harm", ["RENAME TO elsewhere", "RENAME COLUMN consumer TO elsewhere"])
async def test_what_our_own_statement_misses_is_one(postgres_database: Database, harm: str) -> None:
    await postgres_database.write(
        lambda connection: connection.exec_driver_sql(f"ALTER TABLE receipts {harm}")
    )
    with pytest.raises(StoreUnavailable):
        await postgres_database.write(add_receipt("any"))


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("transaction_isolation", "serializable", "read committed"),
        ("client_encoding", "latin1", "UTF8"),
        ("synchronous_commit", "off", "on"),
        ("synchronous_commit", "local", "local"),
    ],
)
async def test_what_we_rely_on_is_no_default_of_the_databases(
    postgres_database: Database, name: str, theirs: str, ours: str
) -> None:
    """By a stricter isolation commits fail because of others, Latin 1 has no emoji, and what was
    committed is to survive a power cut."""
    default = name.replace("transaction_", "default_transaction_")
    database = postgres_database.engine.url.database
    words = f"ALTER DATABASE {database} SET {default} = '{theirs}'"
    await postgres_database.write(lambda connection: connection.exec_driver_sql(words))
    postgres_database.engine.dispose()

    def setting(connection: Connection) -> object:
        return connection.exec_driver_sql(f"SHOW {name}").scalar()

    assert await postgres_database.write(setting) == ours


async def test_what_the_address_asks_the_server_for_is_asked_besides(
    postgres_database: Database,
) -> None:
    asked = "-c search_path=mine -c lock_timeout=1"
    url = postgres_database.engine.url.update_query_dict({"options": asked})
    database = PostgresDatabase(
        url.render_as_string(hide_password=False), pool_size=1, timeout_ms=PATIENCE_MS
    )

    def settings(connection: Connection) -> list[object]:
        names = ("search_path", "lock_timeout")
        return [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    assert await database.read(settings) == ["mine", "1s"]
    await database.close()


async def test_an_upgrade_that_waits_for_another_ends_with_the_database(
    postgres_database: Database, new_postgres: NewDatabase
) -> None:
    """It waits without a limit, in a thread that would keep the program from ending."""
    other = new_postgres().engine

    async def waits() -> bool:
        return bool(await postgres_database.read(advisory_waiters))

    with other.begin() as first:
        one_process_at_a_time(first)
        upgrading = asyncio.ensure_future(
            asyncio.to_thread(SCHEMA.upgrade, postgres_database.engine)
        )
        await until(waits)
        await postgres_database.close()
        await asyncio.wait([upgrading], timeout=PATIENCE)
        assert upgrading.done()
    with pytest.raises(StoreUnavailable, match="SQL"):
        await upgrading


async def test_a_migration_that_takes_longer_than_a_start_waits_is_made_once(
    postgres_database: Database,
) -> None:
    begun: list[str] = []
    may_end = Event()

    def upgrade() -> None:
        with postgres_database.engine.begin() as connection:
            one_process_at_a_time(connection)
            if connection.execute(select(receipts)).first() is None:
                begun.append("once")
                may_end.wait()
                add_receipt("migrated")(connection)

    async def connect() -> None:
        await postgres_database.open()
        await asyncio.to_thread(upgrade)

    restored: list[float] = []
    watch = StoreWatch(postgres_database.gate, connect, postgres_database.open)
    watch.on_restored.append(restored.append)
    await watch.start(0.2)
    assert postgres_database.gate.reason is not None
    may_end.set()
    await until(lambda: _has_some(restored))
    await watch.stop()
    assert begun == ["once"]


def advisory_waiters(connection: Connection) -> int:
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
        "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    count: int = connection.exec_driver_sql(query).scalar_one()
    return count


def backend_pid(connection: Connection) -> int:
    pid: int = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return pid


async def test_a_server_that_takes_other_writes_alone_is_lost(
    new_postgres: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases are renewed all the while, and nothing can be committed: the first look shows it."""
    monkeypatch.setattr(watch_module, "PING_SECONDS", 0.5)
    database, other = new_postgres(), new_postgres()
    await database.open()
    row = {"kind": "test", "details": "{}", "created_at": utc_now()}
    looks_in_vain = 0
    lost_after: list[int] = []

    async def look() -> None:
        nonlocal looks_in_vain
        try:
            await ping_database(database, ())
        except asyncio.CancelledError:
            looks_in_vain += 1
            raise

    async def go_on_writing() -> None:
        with suppress(StoreUnavailable):
            while True:
                await database.write(lambda connection: connection.execute(insert(audit_log), row))

    watch = StoreWatch(database.gate, database.open, look, every=0.01)
    watch.on_lost.append(lambda _reason: lost_after.append(looks_in_vain))
    await watch.start(PATIENCE)
    with locked(other.engine):
        writing = asyncio.create_task(go_on_writing())
        await until(lambda: _has_some(lost_after))
        await watch.stop()
        await writing
    assert lost_after[0] == 2


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


async def test_what_a_close_leaves_undone_is_told_as_of_a_store_that_is_away(
    new_postgres: NewDatabase,
) -> None:
    """And not as if whoever has asked were to end: a request has its answer to give."""
    database, other = new_postgres(pool_size=1), new_postgres()
    await database.open()
    with locked(other.engine):
        under_way, queued = (
            asyncio.create_task(database.write(add_receipt(cause))) for cause in ("one", "two")
        )
        await asyncio.sleep(0)
        await database.close()
        await asyncio.wait([under_way, queued])
    assert [type(each.exception()) for each in (under_way, queued)] == [StoreUnavailable] * 2
