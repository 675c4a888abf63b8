"""What a user is shown of what is kept of them, and what goes when they want to be forgotten."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, delete, func, select

from yabot.clock import rfc3339
from yabot.log.tables import audit_log, doc_changes, outbox, user_counters
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database, Statement, executing


async def _nothing_kept(_user_id: str) -> dict[str, Any]:
    return {}


def _nothing_to_erase(_work: UnitOfWork, _user_id: str) -> None:
    pass


@dataclass(frozen=True)
class Privacy:
    """What /privacy says about it, as keys of texts."""

    keeps: str
    lasts: str | None = None
    """How long it is kept; None: as long as the user likes."""
    forget: str | None = None
    """What /forget leaves, or takes from them."""


@dataclass(frozen=True)
class PersonalData:
    """How a feature, or a part of the framework, answers for what it keeps of users."""

    export: Callable[[str], Awaitable[dict[str, Any]]] = _nothing_kept
    """Everything that is kept of the user, ready for JSON. Raises StoreUnavailable."""
    erase: Callable[[UnitOfWork, str], None] = _nothing_to_erase
    """Adds to the deletion's unit of work what removes it."""
    losing: Callable[[str, Callable[..., str]], Awaitable[str | None]] | None = None
    """What to warn the user of before they confirm, in their language; None: of nothing."""
    privacy: Privacy | None = None
    unshown: tuple[Table, ...] = ()
    """Tables that /mydata leaves out, and says so."""
    stays: tuple[Table, ...] = ()
    """Tables of which rows stay after /forget, by id only; /privacy says so."""


# Rows that a user or a service can add without limit are shown up to this number, newest first: the
# file has to fit into memory and into Telegram.
SHOWN = 10_000


def newest(
    connection: Connection, query: Select[Any], user_id: str, most: int = SHOWN
) -> tuple[list[tuple[Any, ...]], int]:
    """The newest ``most`` rows of the user, oldest first, and how many older ones there are.
    ``query`` selects the rows of ``:user``, newest first.
    """
    user = {"user": user_id}
    rows = connection.execute(query.limit(most), user).all()
    counted = select(func.count()).select_from(query.order_by(None).subquery())
    older = 0 if len(rows) < most else connection.execute(counted, user).scalar_one() - most
    return [tuple(row) for row in reversed(rows)], older


_events = (
    select(outbox.c.envelope)
    .where(outbox.c.user_id == bindparam("user"))
    .order_by(outbox.c.partition.desc(), outbox.c.pos.desc())
)
_audit = (
    select(audit_log.c.kind, audit_log.c.details, audit_log.c.created_at)
    .where(audit_log.c.user_id == bindparam("user"))
    .order_by(audit_log.c.id.desc())
)
_counter = select(user_counters.c.sequence, user_counters.c.state_version).where(
    user_counters.c.user_id == bindparam("user")
)
_pending = delete(doc_changes).where(doc_changes.c.user_id == bindparam("user"))


def personal_data(database: Database, most: int = SHOWN) -> PersonalData:
    """The log's own part, with ``most`` events and audit rows. A document on its way to MongoDB is
    shown by the part that owns it.
    """

    async def export(user_id: str) -> dict[str, Any]:
        return {"log": await database.read(_of(user_id, most))}

    return PersonalData(
        export,
        _erase,
        privacy=Privacy("log-keeps", "log-lasts", "log-forget"),
        unshown=(doc_changes,),
        stays=(user_counters, outbox, audit_log),
    )


def _erase(work: UnitOfWork, user_id: str) -> None:
    work.add(executing(_pending, {"user": user_id}))


def _of(user_id: str, most: int) -> Statement[dict[str, Any]]:
    def read(connection: Connection) -> dict[str, Any]:
        counter = connection.execute(_counter, {"user": user_id}).first()
        events, older_events = newest(connection, _events, user_id, most)
        audit, older_audit = newest(connection, _audit, user_id, most)
        return {
            "counters": None if counter is None else dict(counter._mapping),
            "events": [json.loads(text) for (text,) in events],
            "older_events": older_events,
            "audit": [
                {"kind": kind, "details": json.loads(details), "created_at": rfc3339(created_at)}
                for kind, details, created_at in audit
            ],
            "older_audit": older_audit,
        }

    return read
