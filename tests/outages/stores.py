"""What PostgreSQL holds, asked in the words that the e2e tests have for SQLite."""

import re
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.e2e.stores import Stores

Json = dict[str, Any]


class PostgresStores(Stores):
    def __init__(self, url: str, mongodb: str, database: str, redis: str) -> None:
        super().__init__(Path("not-used"), mongodb, database, redis)
        self._url = url

    def rows(self, query: str, *parameters: object) -> list[Json]:
        with psycopg.connect(self._url, row_factory=dict_row) as connection:
            return connection.execute(_worded(query), parameters).fetchall()

    def change(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(_worded(statement), parameters)


def _worded(query: str) -> Any:
    """PostgreSQL wants to be told that a text is JSON, and marks parameters differently."""
    return re.sub(r"envelope ->>", "envelope::json ->>", query).replace("?", "%s")
