"""Several processes that start at once migrate once."""

import pytest
from sqlalchemy import Connection, create_engine

from tests.forking import barrier, started
from tests.storage.fixtures import PostgresServer
from tests.storage.migrator import migrate_together
from tests.waiting import PATIENCE
from yabot.app.stores import schema_of
from yabot.log.partitions import ensure_partitions
from yabot.storage.relational.schema import ADVISORY_LOCK

PROCESSES = 3


@pytest.mark.slow
def test_processes_that_start_at_once_migrate_an_empty_database_once(
    postgres_server: PostgresServer,
) -> None:
    name = postgres_server.create()
    url = postgres_server.url_of(name)
    together = barrier(PROCESSES)
    processes = [started(migrate_together, url, together) for _ in range(PROCESSES)]
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    engine = create_engine(url)
    schema_of(()).verify(engine)
    with engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM partitions").scalar()
    assert count == 16
    engine.dispose()
    postgres_server.drop(name)


def test_the_partitions_are_made_by_one_process_at_a_time(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    engine = create_engine(postgres_server.url_of(name))
    schema_of(()).upgrade(engine)
    with engine.begin() as first, engine.connect() as second:
        ensure_partitions(first, 16)
        assert not may_go_on(second)
    engine.dispose()
    postgres_server.drop(name)


def may_go_on(connection: Connection) -> bool:
    query = f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})"
    return bool(connection.exec_driver_sql(query).scalar())
