"""What SQL knows of users of the old bot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, or_, select, update

from yabot.clock import utc_now
from yabot.features.legacy.record import OldUser
from yabot.features.legacy.tables import legacy_users
from yabot.log.unit_of_work import UnitOfWork, guard
from yabot.storage.relational.database import Statement, insert_new
from yabot.storage.relational.prepared import Prepared

Origin = Literal["imported", "merged", "ours"]


@dataclass(frozen=True, slots=True)
class Known:
    """The row of one user; ``digest`` is that of ``base``."""

    base: OldUser
    digest: str
    mark: int
    writing: OldUser | None

    def has_arrived(self, mark: int) -> bool:
        """Whether what has that mark comes of what was being written: it stands there."""
        return self.writing is not None and mark > self.mark

    def agreed(self, mark: int) -> OldUser:
        """What the old store had, when what has that mark was read there."""
        return self.writing if self.writing is not None and mark > self.mark else self.base


@dataclass(frozen=True, slots=True)
class Agreement:
    """That ``theirs`` is here now. ``known``: the row as it was read; None: there is none yet."""

    theirs: OldUser
    known: Known | None
    mark: int
    # Something here is not so there yet.
    waits: bool
    # What was published by it.
    events: int
    # Only of a new row.
    origin: Origin = "imported"


@dataclass(slots=True, eq=False)
class Agreements:
    """A statement of the unit: fails its guard when a row is not as it was read."""

    rows: list[Agreement] = field(default_factory=list)

    @classmethod
    def of(cls, work: UnitOfWork) -> "Agreements":
        """The unit's own, added to it if need be."""
        kept = next((each for each in work.statements if isinstance(each, cls)), None)
        if kept is None:
            kept = cls()
            work.add(kept)
        return kept

    def __call__(self, connection: Connection) -> None:
        now = utc_now()
        rows = sorted(self.rows, key=lambda row: row.theirs.user_id)
        new = [_new_row(row, now) for row in rows if row.known is None]
        guard(_add.run_many(connection, new) == len(new), "who has been imported")
        for row in rows:
            if row.known is not None:
                replaced = _replace.run(connection, _changed_row(row, row.known)) == 1
                guard(replaced, f"what was imported of user {row.theirs.user_id}")


_add = Prepared(lambda connection: insert_new(connection, legacy_users))
_replace = Prepared(
    update(legacy_users)
    .where(
        legacy_users.c.user_id == bindparam("user"),
        legacy_users.c.digest == bindparam("was"),
        legacy_users.c.mark == bindparam("was_mark"),
    )
    .values(
        base=bindparam("new_base"),
        digest=bindparam("new_digest"),
        mark=bindparam("new_mark"),
        writing=bindparam("new_writing"),
        waits=or_(legacy_users.c.waits, bindparam("more_waits")),
        events=legacy_users.c.events + bindparam("more_events"),
    )
)


def _new_row(row: Agreement, now: datetime) -> dict[str, object]:
    return {
        "user_id": row.theirs.user_id,
        "base": row.theirs.model_dump_json(),
        "digest": row.theirs.digest,
        "mark": row.mark,
        "writing": None,
        "waits": row.waits,
        "origin": row.origin,
        "events": row.events,
        "imported_at": now,
    }


def _changed_row(row: Agreement, known: Known) -> dict[str, object]:
    has_arrived = known.has_arrived(row.mark)
    writing = None if has_arrived or known.writing is None else known.writing.model_dump_json()
    return {
        "user": row.theirs.user_id,
        "was": known.digest,
        "was_mark": known.mark,
        "new_base": row.theirs.model_dump_json(),
        "new_digest": row.theirs.digest,
        "new_mark": max(known.mark, row.mark),
        "new_writing": writing,
        "more_waits": row.waits,
        "more_events": row.events,
    }


_known = select(
    legacy_users.c.user_id,
    legacy_users.c.base,
    legacy_users.c.digest,
    legacy_users.c.mark,
    legacy_users.c.writing,
).where(legacy_users.c.user_id.in_(bindparam("users", expanding=True)))
_let_wait = (
    update(legacy_users).where(legacy_users.c.user_id == bindparam("user")).values(waits=True)
)
_erase = delete(legacy_users).where(legacy_users.c.user_id == bindparam("user"))


def known(user_ids: Sequence[str]) -> Statement[Mapping[str, Known]]:
    """Those of them that there are, by their ids."""
    return lambda connection: {
        row.user_id: Known(
            OldUser.model_validate_json(row.base),
            row.digest,
            row.mark,
            None if row.writing is None else OldUser.model_validate_json(row.writing),
        )
        for row in connection.execute(_known, {"users": list(user_ids)})
    }


def let_wait(user_id: str) -> Statement[None]:
    """Something has changed here, which the old store does not show yet."""

    def mark(connection: Connection) -> None:
        connection.execute(_let_wait, {"user": user_id})

    return mark


def erase(user_id: str) -> Statement[None]:
    def remove(connection: Connection) -> None:
        connection.execute(_erase, {"user": user_id})

    return remove
