"""The baseline of an import: its rows and documents, at hand already, inserted by hand.

For each chunk of users one transaction with a full sync, by executemany: profiles, counters,
subscriptions, accounts, transactions, postings and the import's own rows. Then their documents, by
one insert_many with majority and journal. Nothing is read, merged, validated or checked; there are
no receipts, no redo rows and no events, and an end in the middle would have to be mended by hand.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from pymongo import MongoClient

from bench.bare import DATABASE, BareSql, Step, copy_tables
from bench.engines import Engines

# By user, in an order in which each finds what it refers to.
_ROWS = {
    "user_profiles": "SELECT * FROM user_profiles WHERE user_id = ?",
    "user_counters": "SELECT * FROM user_counters WHERE user_id = ?",
    "subscriptions": "SELECT * FROM subscriptions WHERE user_id = ?",
    "accounts": "SELECT * FROM accounts WHERE user_id = ?",
    "transactions": "SELECT t.* FROM transactions t JOIN postings p ON p.transaction_id = t.id "
    "JOIN accounts a ON a.id = p.account_id WHERE a.user_id = ?",
    "postings": "SELECT o.* FROM postings o JOIN postings p ON p.transaction_id = o.transaction_id "
    "JOIN accounts a ON a.id = p.account_id WHERE a.user_id = ?",
    "legacy_users": "SELECT * FROM legacy_users WHERE user_id = ?",
}
_SYSTEM_ACCOUNTS = "SELECT * FROM accounts WHERE user_id IS NULL"


@dataclass(frozen=True, slots=True)
class Chunk:
    steps: Sequence[Step]
    documents: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import has left, in its chunks. ``tables`` is a database that has them."""

    tables: Path
    system_accounts: Step
    chunks: Sequence[Chunk]


def read_brought(sqlite: Path, documents: Sequence[dict[str, Any]], size: int) -> Brought:
    """``documents`` in the order in which the users were imported."""
    with closing(sqlite3.connect(sqlite)) as connection:
        connection.row_factory = sqlite3.Row
        chunks = [
            _chunk(connection, documents[start : start + size])
            for start in range(0, len(documents), size)
        ]
        system = _step("accounts", _all(connection, _SYSTEM_ACCOUNTS))
    return Brought(sqlite, system, chunks)


def rate_by_hand(engines: Engines, brought: Brought, path: Path) -> float:
    """Users in a second."""
    copy_tables(brought.tables, path)
    client: MongoClient[dict[str, Any]] = MongoClient(
        engines.mongodb_uri, w="majority", journal=True
    )
    with closing(BareSql(path)) as sql, closing(client):
        users = client[DATABASE]["legacy"]
        users.drop()
        sql.commit([brought.system_accounts])
        started = perf_counter()
        for chunk in brought.chunks:
            sql.commit(chunk.steps)
            users.insert_many(chunk.documents, ordered=False)
        return sum(len(each.documents) for each in brought.chunks) / (perf_counter() - started)


def _chunk(connection: sqlite3.Connection, documents: Sequence[dict[str, Any]]) -> Chunk:
    steps = []
    for table, query in _ROWS.items():
        rows = [row for each in documents for row in _all(connection, query, each["_id"])]
        if rows:
            steps.append(_step(table, rows))
    return Chunk(steps, documents)


def _all(connection: sqlite3.Connection, query: str, *values: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query, values)]


def _step(table: str, rows: Sequence[dict[str, Any]]) -> Step:
    names = [*rows[0]]
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})", rows
