"""What a user is shown of what is kept of them, and what goes when they want to be forgotten."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, select

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
    """The sentences with which /privacy tells of it, by the keys of their texts."""

    keeps: str
    lasts: str | None = None
    """For how long, where it is not as long as the user likes."""
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


# Events, and whatever else grows with all that a user does, are shown to so many, the newest: the
# file has to fit into memory, and into Telegram.
SHOWN = 10_000
_of_user = outbox.c.user_id == bindparam("user")
_events = (
    select(outbox.c.envelope)
    .where(_of_user)
    .order_by(outbox.c.partition.desc(), outbox.c.pos.desc())
    .limit(bindparam("most"))
)
_count = select(func.count()).select_from(outbox).where(_of_user)
_audit = (
    select(audit_log.c.kind, audit_log.c.details, audit_log.c.created_at)
    .where(audit_log.c.user_id == bindparam("user"))
    .order_by(audit_log.c.id)
)
_counter = select(user_counters.c.sequence, user_counters.c.state_version).where(
    user_counters.c.user_id == bindparam("user")
)
_pending = delete(doc_changes).where(doc_changes.c.user_id == bindparam("user"))


def personal_data(database: Database, most: int = SHOWN) -> PersonalData:
    """The log's own part, with so many events at ``most``; a document on its way to MongoDB is
    shown by whoever owns it.
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
    user = {"user": user_id}

    def read(connection: Connection) -> dict[str, Any]:
        counter = connection.execute(_counter, user).first()
        newest = list(connection.execute(_events, user | {"most": most}).scalars())
        all_of_them = connection.execute(_count, user).scalar_one()
        return {
            "counters": None if counter is None else dict(counter._mapping),
            "events": [json.loads(text) for text in reversed(newest)],
            "older_events": all_of_them - len(newest),
            "audit": [
                {"kind": kind, "details": json.loads(details), "created_at": rfc3339(created_at)}
                for kind, details, created_at in connection.execute(_audit, user)
            ],
        }

    return read
