"""What the three stores hold, read past the program: SQLite's file, MongoDB, Valkey's streams."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import pymongo
from pymongo import MongoClient
from redis import Redis

from tests.waiting import PATIENCE
from yabot.bus.streams import stream_name
from yabot.embedded.users import USER
from yabot.events.partition import partition_of

PARTITIONS = 16
Json = dict[str, Any]


class Stores:
    def __init__(self, sqlite: Path, mongodb: str, database: str, redis: str) -> None:
        self.sqlite = sqlite
        self.mongodb_uri = mongodb
        self._client: MongoClient[Json] = MongoClient(
            mongodb, serverSelectionTimeoutMS=PATIENCE * 1000
        )
        self.mongodb = self._client[database]
        self.redis: Redis = Redis.from_url(redis, decode_responses=True)

    @classmethod
    def of(cls, data: Path, settings: Mapping[str, str]) -> Self:
        """Those that ``settings`` name, else the engines embedded under ``data``."""
        mongodb = settings.get("MONGODB_URI") or f"mongodb://{USER}:{_place(data, 'mongod')}"
        redis = settings.get("REDIS_URL") or f"redis://:{_place(data, 'valkey')}"
        name = settings.get("MONGODB_DATABASE", "yabot")
        return cls(
            data / "yabot.db", f"{mongodb.partition('/?')[0]}/?directConnection=true", name, redis
        )

    def rows(self, query: str, *parameters: object) -> list[Json]:
        uri = f"{self.sqlite.as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, parameters)]

    def value(self, query: str, *parameters: object) -> Any:
        """The only value of the only row; None when there is no row."""
        for row in self.rows(query, *parameters):
            (value,) = row.values()
            return value
        return None

    def change(self, statement: str, *parameters: object) -> None:
        """For what no feature does yet, such as selling a subscription."""
        with closing(sqlite3.connect(self.sqlite, timeout=PATIENCE)) as connection, connection:
            connection.execute(statement, parameters)

    def document(self, user_id: int) -> Json | None:
        return self.mongodb.users.find_one({"_id": str(user_id)})

    def stream(self, user_id: int) -> list[Json]:
        """The user's events as they are in Redis, in the order of the stream."""
        partition = partition_of(str(user_id), PARTITIONS)
        return [
            event for event in self.partition(partition) if event.get("user_id") == str(user_id)
        ]

    def partition(self, number: int) -> list[Json]:
        entries: Any = self.redis.xrange(stream_name(number))
        return [json.loads(fields["event"]) for _, fields in entries]

    def outbox(self, user_id: int) -> list[Json]:
        """The user's events as SQL committed them."""
        query = "SELECT envelope FROM outbox WHERE user_id = ? ORDER BY partition, pos"
        return [json.loads(row["envelope"]) for row in self.rows(query, str(user_id))]

    def close(self) -> None:
        # It tells the server of its sessions, and would wait for one that is there no more.
        with pymongo.timeout(1):
            self._client.close()
        self.redis.close()


def _place(data: Path, engine: str) -> str:
    secret, port = (data / engine / "secret", data / engine / "port")
    return f"{secret.read_text()}@127.0.0.1:{port.read_text()}"
