"""Subscriptions in SQL: reads, and changes that fail their guard if the row has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select, update

from yabot.features.subscriptions.plans import PLANS
from yabot.features.subscriptions.tables import subscriptions
from yabot.features.subscriptions.terms import Term
from yabot.log.unit_of_work import guard
from yabot.storage.relational.database import Statement, executing, insert_new


@dataclass(frozen=True, slots=True)
class StoredTerm:
    row_id: int
    term: Term


_columns = subscriptions.c
_of_user = _columns.user_id == bindparam("user")
_unclosed = and_(
    _columns.plan_type.in_(tuple(PLANS)),
    _columns.status.in_(("active", "cancelled")),
    _columns.end_date.is_not(None),
)
_paid_for = and_(_of_user, _unclosed)
_runs = and_(_unclosed, _columns.end_date > bindparam("now")).label("access")
_current = (
    select(_columns.plan_type, _columns.status, _columns.start_date, _columns.end_date, _runs)
    .where(_of_user)
    .order_by(_runs.desc(), _columns.id.desc())
    .limit(1)
)
# The active term first, if there is one; a unique index allows only one.
_open = select(_columns.id, *(_columns[name] for name in Term.__slots__)).where(_paid_for)
_in_order = _open.order_by(_columns.status, _columns.end_date.desc())
_access = select(_columns.id).where(_paid_for, _columns.end_date > bindparam("now"))
_same = and_(
    _columns.id == bindparam("row"),
    _columns.plan_type == bindparam("was_plan"),
    _columns.status == bindparam("was_status"),
    _columns.end_date == bindparam("was_end"),
)
_change = update(subscriptions).where(_same)
_end_free = (
    update(subscriptions)
    .where(
        _of_user,
        _columns.plan_type == "free",
        _columns.status == "active",
    )
    .values(status="inactive", updated_at=bindparam("now"))
)
_erase = delete(subscriptions).where(_of_user)
_all = select(subscriptions).where(_of_user).order_by(_columns.id)


def current(user_id: str, now: datetime) -> Statement[tuple[Any, ...] | None]:
    """Plan, status, start, end and access, of the term that gives access, or else the newest.

    None: the user has none.
    """

    def read(connection: Connection) -> tuple[Any, ...] | None:
        row = connection.execute(_current, {"user": user_id, "now": now}).first()
        return None if row is None else tuple(row)

    return read


def open_terms(user_id: str) -> Statement[list[StoredTerm]]:
    """The terms that are not closed yet, whether or not their end has passed."""

    def read(connection: Connection) -> list[StoredTerm]:
        rows = connection.execute(_in_order, {"user": user_id})
        return [StoredTerm(row_id, Term(*values)) for row_id, *values in rows]

    return read


_terms_of = (
    select(_columns.user_id, _columns.id, *(_columns[name] for name in Term.__slots__))
    .where(
        _columns.user_id.in_(bindparam("users", expanding=True)),
        _columns.plan_type.in_(tuple(PLANS)),
        _columns.end_date.is_not(None),
    )
    .order_by(_columns.id)
)


def terms_of(user_ids: Sequence[str]) -> Statement[Mapping[str, list[StoredTerm]]]:
    """All terms of each user, the oldest first; users who never had one are missing."""

    def read(connection: Connection) -> Mapping[str, list[StoredTerm]]:
        found: dict[str, list[StoredTerm]] = {}
        for user_id, row_id, *values in connection.execute(_terms_of, {"users": list(user_ids)}):
            found.setdefault(user_id, []).append(StoredTerm(row_id, Term(*values)))
        return found

    return read


def gives_access(connection: Connection, user_id: str, now: datetime) -> bool:
    return connection.execute(_access, {"user": user_id, "now": now}).first() is not None


def start(user_id: str, term: Term) -> Statement[None]:
    row = {"user_id": user_id, **asdict(term)}
    row |= {"created_at": term.start_date, "updated_at": term.start_date}

    def add(connection: Connection) -> None:
        connection.execute(_end_free, {"user": user_id, "now": term.start_date})
        added = connection.execute(insert_new(connection, subscriptions), row).rowcount == 1
        guard(added, f"the subscription of user {user_id}")

    return add


def change(stored: StoredTerm, after: Term, now: datetime) -> Statement[None]:
    before = stored.term
    was = {
        "row": stored.row_id,
        "was_plan": before.plan_type,
        "was_status": before.status,
        "was_end": before.end_date,
    }
    statement = _change.values(**asdict(after), updated_at=now)

    def step(connection: Connection) -> None:
        changed = connection.execute(statement, was).rowcount == 1
        guard(changed, f"subscription {stored.row_id}")

    return step


def erase(user_id: str) -> Statement[None]:
    return executing(_erase, {"user": user_id})


def rows(user_id: str) -> Statement[Sequence[dict[str, Any]]]:
    def read(connection: Connection) -> Sequence[dict[str, Any]]:
        return [dict(row) for row in connection.execute(_all, {"user": user_id}).mappings()]

    return read
