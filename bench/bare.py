"""The baseline: the same writes, by hand, with sqlite3, pymongo and redis-py.

One transaction for each commit of the program's, with a full sync; then the document, replaced
with majority and journal; then the events, in one round trip. No redo rows, no follower, no group
commit: a crash in between would lose what had not been written yet.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import redis
from pymongo import AsyncMongoClient, MongoClient
from redis.asyncio import Redis

from bench.engines import Engines

DATABASE = "bench_bare"
# A statement and its rows.
Step = tuple[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class BareChange:
    transactions: Sequence[Sequence[Step]]
    document: dict[str, Any]
    stream: str
    events: Sequence[str]


def copy_tables(source: Path, target: Path) -> None:
    """The same tables and indexes on both sides, without their rows."""
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
    with closing(sqlite3.connect(source)) as ours, closing(sqlite3.connect(target)) as bare:
        for (statement,) in ours.execute(query):
            bare.execute(statement)


def copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as ours, closing(sqlite3.connect(target)) as bare:
        ours.backup(bare)


class BareSql:
    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")

    def commit(self, steps: Sequence[Step]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for statement, rows in steps:
            self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


class BareScript:
    """One change after another, in blocking calls: the least that these writes can cost."""

    def __init__(self, engines: Engines, path: Path) -> None:
        self._sql = BareSql(path)
        self._mongodb: MongoClient[dict[str, Any]] = MongoClient(
            engines.mongodb_uri, w="majority", journal=True
        )
        self._users = self._mongodb[DATABASE]["users"]
        self._redis = redis.Redis.from_url(engines.redis_url)

    def make(self, change: BareChange) -> None:
        for steps in change.transactions:
            self._sql.commit(steps)
        key = {"_id": change.document["_id"]}
        self._users.replace_one(key, change.document, upsert=True)
        pipeline = self._redis.pipeline(transaction=False)
        for event in change.events:
            pipeline.xadd(change.stream, {"event": event}, maxlen=10_000)
        pipeline.execute()

    def close(self) -> None:
        self._sql.close()
        self._mongodb.close()
        self._redis.close()


class BareProgram:
    """As a bot has to: in one event loop, with asynchronous clients, and SQL in one thread."""

    def __init__(self, engines: Engines, path: Path) -> None:
        self._sql = BareSql(path)
        self._thread = ThreadPoolExecutor(1)
        self._mongodb: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            engines.mongodb_uri, w="majority", journal=True
        )
        self._users = self._mongodb[DATABASE]["users"]
        self._redis = Redis.from_url(engines.redis_url)

    async def make(self, change: BareChange) -> None:
        loop = asyncio.get_running_loop()
        for steps in change.transactions:
            await loop.run_in_executor(self._thread, self._sql.commit, steps)
        key = {"_id": change.document["_id"]}
        await self._users.replace_one(key, change.document, upsert=True)
        pipeline = self._redis.pipeline(transaction=False)
        for event in change.events:
            pipeline.xadd(change.stream, {"event": event}, maxlen=10_000)
        await pipeline.execute()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._thread.shutdown()
        self._sql.close()
        await self._mongodb.close()
        await self._redis.aclose()
