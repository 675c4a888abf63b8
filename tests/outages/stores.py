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
        """The addresses as the program's settings have them."""
        direct = f"{mongodb.partition('/?')[0]}/?directConnection=true"
        super().__init__(Path("not-used"), direct, database, redis)
        self._url = url.replace("+psycopg", "")
        self._connection: psycopg.Connection[Json] | None = None

    def rows(self, query: str, *parameters: object) -> list[Json]:
        try:
            return self._connected().execute(_worded(query), parameters).fetchall()
        except psycopg.OperationalError:
            # The server has been away since it was asked last.
            self._hang_up()
            return self._connected().execute(_worded(query), parameters).fetchall()

    def change(self, statement: str, *parameters: object) -> None:
        with psycopg.connect(self._url) as connection:
            connection.execute(_worded(statement), parameters)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _connected(self) -> psycopg.Connection[Json]:
        """Kept, for tests ask again and again: a process of the server's own for each question
        costs more than its answer."""
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url, row_factory=dict_row, autocommit=True, prepare_threshold=None
            )
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _worded(query: str) -> Any:
    """PostgreSQL wants to be told that a text is JSON, and marks parameters differently."""
    return re.sub(r"envelope ->>", "envelope::json ->>", query).replace("?", "%s")
