"""The running program stores in the places that the environment names, and nowhere else."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from pymongo import MongoClient
from redis import Redis

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import readers
from tests.storage.fixtures import PostgresServer
from tests.waiting import until
from yabot.bus.streams import stream_name
from yabot.events.partition import partition_of

REGISTERED = "SELECT 1 FROM user_profiles WHERE user_id = '{}'"


@pytest.fixture
def named(
    new_program: NewProgram, mongodb_uri: str, empty_mongo_database: str, redis_db: str
) -> Callable[..., Program]:
    """The Valkey asks for a password, which its address does not say."""
    valkey = urlsplit(redis_db)
    assert valkey.password

    def make(**sql: str) -> Program:
        return new_program(
            MONGODB_URI=mongodb_uri,
            MONGODB_DATABASE=empty_mongo_database,
            REDIS_URL=f"redis://{valkey.hostname}:{valkey.port}",
            REDIS_PASSWORD=valkey.password or "",
            **sql,
        )

    return make


@pytest.mark.criterion("5.2.1", "5.2.2", "5.2.3", "5.2.4")
async def test_a_file_of_sqlite(
    named: Callable[..., Program], redis_db: str, tmp_path: Path
) -> None:
    file = tmp_path / "elsewhere" / "tales.db"
    program = named(SQLITE_DATABASE_PATH=str(file))
    user_id = await _registers(program)
    with closing(sqlite3.connect(file)) as sql:
        assert sql.execute(REGISTERED.format(user_id)).fetchall() == [(1,)]
    await _is_stored(program, redis_db, user_id)


@pytest.mark.criterion("5.2.1", "5.2.2", "5.2.4")
async def test_a_database_of_postgresql(
    named: Callable[..., Program], redis_db: str, postgres_server: PostgresServer
) -> None:
    database = postgres_server.create()
    url = postgres_server.url_of(database).replace("+psycopg", "")
    program = named(DATABASE_URL=url)
    user_id = await _registers(program)
    with psycopg.connect(url) as sql:
        assert sql.execute(REGISTERED.format(user_id).encode()).fetchall() == [(1,)]
    await _is_stored(program, redis_db, user_id)
    program.end()
    postgres_server.drop(database)


async def _registers(program: Program) -> str:
    """The id of a reader who has come."""
    await asyncio.to_thread(program.start)
    async with readers(program.url, "Nora") as (reader,):
        await reader.ask("/start")
    return str(reader.user_id)


async def _is_stored(program: Program, redis_url: str, user_id: str) -> None:
    """Document and events where they belong, and neither store nor file where they would be
    without a name.
    """
    settings = program.settings
    mongodb: MongoClient[dict[str, Any]] = MongoClient(settings["MONGODB_URI"])
    stream = stream_name(partition_of(user_id, 16))
    with mongodb, Redis.from_url(redis_url) as redis:

        async def has_arrived() -> bool:
            users = mongodb[settings["MONGODB_DATABASE"]].users
            return users.count_documents({"_id": user_id}) == 1 and redis.xlen(stream) > 0

        await until(has_arrived)
        assert mongodb["yabot"].users.count_documents({"_id": user_id}) == 0
    assert not {"mongod", "valkey", "yabot.db"} & {each.name for each in program.data.iterdir()}
