"""Several processes that start at once migrate once."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import Connection, create_engine

from tests.storage.fixtures import PostgresServer
from yabot.storage.relational.schema import ADVISORY_LOCK, Schema, settle_partitions

ROOT = Path(__file__).parents[2]


def starting(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.storage.migrator", url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_that_start_at_once_migrate_an_empty_database_once(
    postgres_server: PostgresServer,
) -> None:
    name = postgres_server.create()
    url = postgres_server.url_of(name)
    processes = [starting(url) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
    engine = create_engine(url)
    Schema.of((), ()).verify(engine)
    with engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM partitions").scalar()
    assert count == 16
    engine.dispose()
    postgres_server.drop(name)


def test_the_partitions_are_made_by_one_process_at_a_time(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    engine = create_engine(postgres_server.url_of(name))
    Schema.of((), ()).upgrade(engine)
    with engine.begin() as first, engine.connect() as second:
        settle_partitions(first, 16)
        assert not may_go_on(second)
    engine.dispose()
    postgres_server.drop(name)


def may_go_on(connection: Connection) -> bool:
    query = f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})"
    return bool(connection.exec_driver_sql(query).scalar())
