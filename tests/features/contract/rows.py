"""A row about a reader for any table, made from what the table says of itself."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    Table,
    UniqueConstraint,
    insert,
)

from yabot.storage.relational.types import Moment

Row = dict[str, Any]
# No other moment in a test is this one.
MOMENT = datetime(2031, 5, 6, tzinfo=UTC)
# What no column's type tells: words that a table or its reader insists on; {user} is whose it is.
INSISTED: dict[str, Row] = {
    "accounts": {"id": "user:{user}", "kind": "reader", "opened_after": None},
    "audit_log": {"details": '{"kept": "kept in audit_log.details"}'},
    "dead_letters": {"envelope": '{"kept": "kept in dead_letters.envelope"}', "state": "dead"},
    "legacy_users": {
        "base": '{"user_id": "{user}", "first_name": "kept in legacy_users.base"}',
        "formers": None,
        "writing": None,
    },
    "outbox": {"envelope": '{"kept": "kept in outbox.envelope"}'},
    "posted_events": {"envelope": '{"kept": "kept in posted_events.envelope"}'},
    "payments": {"state": "paid"},
    "subscriptions": {"plan_type": "vip", "status": "active"},
    "workflows": {"data": "{}", "done": "[]"},
}

# Their rows are about no reader; or, as the ledger's, another table says about whom.
ABOUT_NOBODY = {
    "alerts",
    "api_revocations",
    "api_secrets",
    "api_service_keys",
    "api_services",
    "api_used_tokens",
    "fragment_changes",
    "group_members",
    "group_positions",
    "group_stops",
    "ingested",
    "legacy_migrations",
    "own_webhooks",
    "partition_owners",
    "partitions",
    "postings",
    "receipts",
    "transactions",
}
# Few at any time, or looked through where nobody waits.
LOOKED_THROUGH = {"dead_letters", "updates"}


def column_of_user(table: Table) -> Column[Any] | None:
    """By its name, or because it refers to the profile."""
    for column in table.columns:
        target = [key.column.table.name for key in column.foreign_keys]
        if column.name in {"user_id", "chat_id"} or "user_profiles" in target:
            return column
    return None


def row_about(table: Table, user_id: str) -> Row:
    """With words and numbers that stand in no other table's row."""
    whose = column_of_user(table)
    assert whose is not None
    row = {column.name: _value(column) for column in table.columns if not _counts(column)}
    mine = int(user_id) if isinstance(whose.type, Integer) else user_id
    insisted = INSISTED.get(table.name, {})
    words = {name: word and word.replace("{user}", user_id) for name, word in insisted.items()}
    return row | words | {whose.name: mine}


def add(table: Table, row: Row) -> Any:
    def run(connection: Connection) -> None:
        connection.execute(insert(table), row)

    return run


def is_found_by(table: Table, column: Column[Any]) -> bool:
    """Whether its rows are found by this column without a look at all of them."""
    unique = [each for each in table.constraints if isinstance(each, UniqueConstraint)]
    by_index = [next(iter(each.columns), None) for each in table.indexes]
    by_rule = [next(iter(each.columns), None) for each in (table.primary_key, *unique)]
    return any(first is column for first in (*by_index, *by_rule))


def marks_in(row: Row) -> dict[str, str]:
    """By which it is known again in another form: of each column what stands nowhere else."""
    marks = {name: _mark(value) for name, value in row.items()}
    return {name: mark for name, mark in marks.items() if mark is not None}


def _mark(value: Any) -> str | None:
    if isinstance(value, date):
        return MOMENT.date().isoformat()
    if isinstance(value, str):
        return value if "kept in" in value else None
    return str(value) if type(value) is int and value > 1_000_000 else None


def _counts(column: Column[Any]) -> bool:
    return column.primary_key and column.autoincrement is True


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Moment):
        return MOMENT
    if isinstance(column.type, Date):
        return MOMENT.date()
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, (BigInteger, Integer)):
        # No user's id, and none of the small numbers that stand everywhere.
        return 4_711_000_000 + sum(map(ord, f"{column.table.name}.{column.name}"))
    return f"kept in {column.table.name}.{column.name}"
