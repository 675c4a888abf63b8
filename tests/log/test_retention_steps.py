"""However large a table is, no statement of a sweep looks at more of it than a few rows."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, insert, select, text

from tests.bus.statements import statements
from tests.log.test_retention import days_ago, executing, keep_receipt
from tests.storage.dumps import rows_of
from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.log.retention import AT_ONCE, Retention, Rule
from yabot.log.tables import audit_log, receipts
from yabot.storage.relational.database import Database

MANY = 80 * AT_ONCE
OLD = receipts.c.committed_at < utc_now() - timedelta(days=60)

FILL = {
    "sqlite": """
        WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < :many)
        INSERT INTO receipts SELECT 'test', 'young ' || n, '2900-01-01T00:00:00.000000Z' FROM series
    """,
    "postgresql": """
        INSERT INTO receipts
        SELECT 'test', 'young ' || n, '2900-01-01T00:00:00Z' FROM generate_series(1, :many) AS n
    """,
}

Asked = tuple[str, Any]


@contextmanager
def selects() -> Iterator[list[Asked]]:
    """What is looked for in SQL meanwhile, with the parameters."""
    seen: list[Asked] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            seen.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def rows_scanned(engine: Engine, asked: Asked) -> int:
    """By PostgreSQL, in all parts of its plan."""
    statement, values = asked
    with engine.connect() as connection:
        explained = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values
        )
        return _scanned(explained.scalar_one()[0]["Plan"])


def _scanned(node: dict[str, Any]) -> int:
    own = 0
    if "Relation Name" in node:
        found = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        own = round(found * node["Actual Loops"])
    return own + sum(_scanned(part) for part in node.get("Plans", ()))


def instructions(engine: Engine, asked: Asked) -> int:
    """That SQLite runs: several for each row that it looks at."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    connection = sqlite3.connect(str(engine.url.database))
    connection.set_progress_handler(tick, 1)
    connection.execute(*asked).fetchall()
    connection.close()
    return count


async def fill(database: Database) -> None:
    dialect = database.engine.dialect.name
    await database.write(executing(text(FILL[dialect]).bindparams(many=MANY)))
    if dialect == "postgresql":
        await database.write(executing(text("ANALYZE receipts")))
    # The last of all by their keys.
    for n in range(3):
        await database.write(keep_receipt(f"zz {n}", 61))


async def sweep(database: Database, *rules: Rule) -> None:
    await Retention(database, 30, lambda _ages: list(rules), utc_now).sweep()


async def test_each_statement_looks_at_few_rows_of_a_large_table(database: Database) -> None:
    await fill(database)
    with selects() as asked:
        await sweep(database, Rule(receipts, OLD))
    count = select(func.count()).select_from(receipts)
    assert await database.read(lambda connection: connection.scalar(count)) == MANY
    looked, most = (
        (rows_scanned, AT_ONCE)
        if database.engine.dialect.name == "postgresql"
        # To look at all rows would take more than one for each.
        else (instructions, MANY)
    )
    some: Sequence[Asked] = (*asked[:2], *asked[-2:])
    assert max(looked(database.engine, each) for each in some) <= most


async def test_a_sweep_goes_through_a_table_once(database: Database) -> None:
    old = [
        {"consumer": "test", "cause_id": f"{n:04}", "committed_at": days_ago(61 if n % 2 else 1)}
        for n in range(3 * AT_ONCE)
    ]
    await database.write(executing(insert(receipts), *old))
    with statements() as asked:
        await sweep(database, Rule(receipts, OLD))
    kept = [row["cause_id"] for row in await rows_of(database, receipts)]
    assert kept == [row["cause_id"] for row in old[::2]]
    # The fourth finds that there is none behind the third.
    assert sum(each.startswith("SELECT") for each in asked) == 4
    assert sum(each.startswith("DELETE") for each in asked) == 3


async def test_a_rule_that_sql_does_not_let_through_holds_up_no_other(
    postgres_database: Database,
) -> None:
    await postgres_database.write(keep_receipt("old", 61))
    await postgres_database.write(executing(text("ALTER TABLE audit_log RENAME TO taken_away")))
    with pytest.raises(StoreUnavailable):
        await sweep(
            postgres_database,
            Rule(audit_log, audit_log.c.created_at < days_ago(30)),
            Rule(receipts, OLD),
        )
    assert await rows_of(postgres_database, receipts) == []
