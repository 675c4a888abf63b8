"""What is read from the ledger, and the closing of an account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from yabot.clock import utc_now
from yabot.features.besitos.model import CLOSED, Movement, Overview, Transaction, reader_account
from yabot.features.besitos.tables import accounts, postings, transactions
from yabot.storage.relational.database import Statement, insert_new
from yabot.storage.relational.prepared import Prepared


@dataclass(frozen=True, slots=True)
class Opened:
    """A reader's account; ``opened_after`` changes when the reader is deleted and comes back."""

    balance: int
    opened_after: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a decision depends on; ``accounts`` holds only readers who have an open account."""

    repeated: bool
    accounts: dict[str, Opened]


_key = Prepared(select(transactions.c.id).where(transactions.c.id == bindparam("key")))
_opened = Prepared(
    select(accounts.c.balance, accounts.c.opened_after).where(
        accounts.c.user_id == bindparam("user")
    )
)


def look_up(key: str, user_ids: Sequence[str]) -> Statement[Found]:
    def read(connection: Connection) -> Found:
        repeated = _key.first(connection, {"key": key}) is not None
        rows = {user_id: _opened.first(connection, {"user": user_id}) for user_id in user_ids}
        return Found(repeated, {user_id: Opened(*row) for user_id, row in rows.items() if row})

    return read


@dataclass(frozen=True, slots=True)
class Standing:
    """An open account, and what was awarded to it."""

    account: Opened
    earned: int


_standings = select(
    accounts.c.user_id, accounts.c.balance, accounts.c.opened_after, accounts.c.earned
).where(accounts.c.user_id.in_(bindparam("users", expanding=True)))


def standings(user_ids: Sequence[str]) -> Statement[Mapping[str, Standing]]:
    """The standings of the users who have an open account, by user id."""
    return lambda connection: {
        row[0]: Standing(Opened(row[1], row[2]), row[3])
        for row in connection.execute(_standings, {"users": list(user_ids)})
    }


_totals = Prepared(
    select(accounts.c.balance, accounts.c.earned).where(accounts.c.user_id == bindparam("user"))
)


def totals(user_id: str) -> Statement[tuple[int, int]]:
    """Balance and earnings; both 0 without an open account."""

    def read(connection: Connection) -> tuple[int, int]:
        row = _totals.first(connection, {"user": user_id})
        return (0, 0) if row is None else (row[0], row[1])

    return read


_movements = (
    select(
        postings.c.amount,
        transactions.c.kind,
        transactions.c.reason,
        transactions.c.source,
        transactions.c.id,
        transactions.c.created_at,
        postings.c.id.label("number"),
    )
    .select_from(postings.join(accounts).join(transactions))
    .where(accounts.c.user_id == bindparam("user"), postings.c.id > accounts.c.opened_after)
    .order_by(postings.c.id.desc())
)
_newest_movements = _movements.limit(bindparam("limit"))
_older_movements = _newest_movements.where(postings.c.id < bindparam("before"))


def overview(user_id: str, limit: int | None) -> Statement[Overview]:
    """The newest movements first; all of them without a ``limit``."""
    query = _movements if limit is None else _newest_movements

    def read(connection: Connection) -> Overview:
        balance, _ = totals(user_id)(connection)
        rows = connection.execute(query, {"user": user_id, "limit": limit})
        return Overview(balance, [Movement(*row) for row in rows])

    return read


def movements(user_id: str, before: int, limit: int) -> Statement[list[Movement]]:
    """The newest ``limit`` movements with ids below ``before``, the newest first."""
    values = {"user": user_id, "before": before, "limit": limit}
    return lambda connection: [
        Movement(*row) for row in connection.execute(_older_movements, values)
    ]


_moved_from = (
    select(func.coalesce(-func.sum(postings.c.amount), 0))
    .select_from(postings.join(transactions))
    .where(
        postings.c.account_id == bindparam("account"),
        transactions.c.cause_id.startswith(bindparam("causes"), autoescape=False),
    )
)


def moved_from(account_id: str, causes: str) -> Statement[int]:
    values = {"account": account_id, "causes": causes}
    return lambda connection: int(connection.execute(_moved_from, values).scalar_one())


_account = accounts.c.id == bindparam("account")
_left = select(accounts.c.balance).where(_account).with_for_update()
_newest = select(func.max(postings.c.id)).where(postings.c.account_id == bindparam("account"))
_close = (
    update(accounts)
    .where(_account)
    .values(user_id=None, balance=0, earned=0, opened_after=bindparam("newest"))
)
_remove = delete(accounts).where(_account)


def close_account(user_id: str, cause_id: str) -> Statement[None]:
    """Move what is left to the account ``closed``; the reader's own then belongs to nobody.

    Its row is inserted if it is missing, and locked: this commit and one that opens the account
    wait for each other.
    """
    account = {"account": reader_account(user_id)}

    def close(connection: Connection) -> None:
        connection.execute(
            insert_new(connection, accounts), new_account(user_id) | {"user_id": None}
        )
        if left := connection.execute(_left, account).scalar_one():
            _leave(connection, user_id, left, cause_id)
        newest = connection.execute(_newest, account).scalar()
        if newest is None:
            connection.execute(_remove, account)
        else:
            connection.execute(_close, account | {"newest": newest})

    return close


def _leave(connection: Connection, user_id: str, amount: int, cause_id: str) -> None:
    key, account = f"closing:{user_id}:{cause_id}", reader_account(user_id)
    leaving = Transaction(key, "closing", "closing", "closing", account, CLOSED, amount)
    connection.execute(insert(transactions), transaction_row(leaving, cause_id))
    connection.execute(insert(postings), posting_rows(leaving))


def new_account(user_id: str) -> dict[str, object]:
    return {
        "id": reader_account(user_id),
        "kind": "reader",
        "user_id": user_id,
        "balance": 0,
        "earned": 0,
        "opened_after": 0,
    }


def transaction_row(transaction: Transaction, cause_id: str) -> dict[str, object]:
    return {
        "id": transaction.id,
        "kind": transaction.kind,
        "reason": transaction.reason,
        "source": transaction.source,
        "cause_id": cause_id,
        "created_at": utc_now(),
    }


def posting_rows(transaction: Transaction) -> list[dict[str, object]]:
    return [
        {"transaction_id": transaction.id, "account_id": account, "amount": gained}
        for account, gained in transaction.postings
    ]
