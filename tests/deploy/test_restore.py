"""What restore.sh makes of PostgreSQL: the real one, for Docker but hands its commands on."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine

from tests.deploy.compose_file import DEPLOY
from tests.postgres import OWNER, binaries
from tests.waiting import PATIENCE
from yabot.app.features import FEATURES
from yabot.app.stores import schema_of

DOCKER = """#!/bin/sh
case "$2 $4" in
"exec postgres") shift 4; exec "$@" ;;
"exec mongodb") echo "an archive" ;;
esac
"""


@dataclass
class Server:
    """The bot's own server: its database has the name that the scripts know."""

    url: str
    folder: Path

    @property
    def host(self) -> str:
        return str(conninfo_to_dict(self.url)["host"])

    def ask(self, query: str, database: str = "yabot") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, dbname=database, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def run(self, script: str, backup: str) -> int:
        here = copy(DEPLOY / script, self.folder)
        programs = f"{self.folder / 'bin'}:{binaries()}:{os.environ['PATH']}"
        given = {"PATH": programs, "PGHOST": self.host, "POSTGRES_PASSWORD": "not asked for"}
        return subprocess.run(
            ["sh", here, backup], cwd=self.folder, env=given, timeout=PATIENCE, check=False
        ).returncode

    @property
    def tables(self) -> set[str]:
        rows = self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return {name for (name,) in rows}


@pytest.fixture
def server(postgres_url: str, tmp_path: Path) -> Iterator[Server]:
    """With a backup of the bot's database, and a reader in it."""
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    made = Server(postgres_url, tmp_path)
    made.ask("CREATE ROLE yabot LOGIN", OWNER)
    made.ask("CREATE DATABASE yabot OWNER yabot", OWNER)
    try:
        engine = create_engine(f"postgresql+psycopg://yabot@/yabot?host={made.host}")
        schema_of(FEATURES).upgrade(engine)
        engine.dispose()
        made.ask("INSERT INTO api_secrets VALUES ('one', 'of before')")
        assert made.run("backup.sh", "copy") == 0
        yield made
    finally:
        made.ask("DROP DATABASE IF EXISTS yabot WITH (FORCE)", OWNER)
        made.ask("DROP DATABASE IF EXISTS yabot_restored WITH (FORCE)", OWNER)
        made.ask("DROP ROLE yabot", OWNER)


def _go_on(server: Server) -> None:
    """As a newer version does: with a table that hangs on an old one."""
    server.ask("CREATE TABLE newer (name text REFERENCES api_secrets)")
    server.ask("INSERT INTO newer VALUES ('one')")
    server.ask("UPDATE api_secrets SET value = 'of later'")


def test_what_is_there_is_as_it_was_and_nothing_else(server: Server) -> None:
    before = server.tables
    _go_on(server)
    assert server.run("restore.sh", "copy") == 0
    assert server.tables == before
    assert server.ask("SELECT name, value FROM api_secrets") == [("one", "of before")]
    owners = server.ask("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert owners == [("yabot",)]
    strangers = "SELECT has_database_privilege('public', 'yabot', 'CONNECT')"
    assert server.ask(strangers) == [(False,)]


def test_a_damaged_copy_leaves_all_as_it_is(server: Server) -> None:
    dump = server.folder / "copy" / "postgres.dump"
    whole = dump.read_bytes()
    dump.write_bytes(whole[: len(whole) // 2])
    _go_on(server)
    assert server.run("restore.sh", "copy") != 0
    assert "newer" in server.tables
    assert server.ask("SELECT name, value FROM api_secrets") == [("one", "of later")]
