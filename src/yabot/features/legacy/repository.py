"""What SQL knows of users of the old bot."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Boolean, Connection, bindparam, delete, func, or_, select, update
from typing_extensions import override

from yabot.clock import utc_now
from yabot.features.legacy.known import Known
from yabot.features.legacy.record import OldUser
from yabot.features.legacy.tables import legacy_users
from yabot.features.users.tables import user_profiles
from yabot.log.tables import user_counters
from yabot.log.unit_of_work import Gathering, guard
from yabot.storage.relational.database import Statement, executing, insert_new
from yabot.storage.relational.prepared import Prepared

Origin = Literal["imported", "merged", "ours"]
TAKEN_BACK = "taken_back"
"""The origin of a user who was taken away again; it stays when another import brings them back."""
BROUGHT = ("imported", TAKEN_BACK)

Untouched = dict[str, int]
"""By user id, how many events they have, all published by the import."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Says that ``theirs`` is here now. ``known``: the row as it was read; None: there is none."""

    theirs: OldUser
    known: Known | None
    mark: int
    # Whether something here still has to be written there.
    waits: bool
    # How many events the merge has published.
    events: int
    # Only used for a new row.
    origin: Origin = "imported"


@dataclass(slots=True, eq=False)
class Agreements(Gathering):
    """A statement of the unit: fails its guard when a row is not as it was read."""

    rows: list[Agreement] = field(default_factory=list)

    @override
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
        legacy_users.c.mark == bindparam("was_mark"),
        *(
            func.coalesce(legacy_users.c[name], "") == bindparam(f"was_{name}")
            for name in ("digest", "formers", "writing")
        ),
    )
    .values(
        base=bindparam("new_base"),
        digest=bindparam("new_digest"),
        mark=bindparam("new_mark"),
        formers=bindparam("new_formers"),
        writing=bindparam("new_writing"),
        waits=or_(
            legacy_users.c.waits & ~bindparam("is_clean", type_=Boolean), bindparam("more_waits")
        ),
        events=legacy_users.c.events + bindparam("more_events"),
    )
)


def _new_row(row: Agreement, now: datetime) -> dict[str, object]:
    return {
        "user_id": row.theirs.user_id,
        "base": row.theirs.model_dump_json(),
        "digest": row.theirs.digest,
        "mark": row.mark,
        "formers": None,
        "writing": None,
        "waits": row.waits,
        "origin": row.origin,
        "events": row.events,
        "imported_at": now,
    }


def _changed_row(row: Agreement, known: Known) -> dict[str, object]:
    return {
        **replacing(row.theirs.user_id, known, known.merged(row.theirs, row.mark)),
        "is_clean": False,
        "more_waits": row.waits or known.is_former(row.mark),
        "more_events": row.events,
    }


def replace(user_id: str, known: Known, new: Known, *, waits: bool) -> Statement[None]:
    """Fails its guard when the row is not as it was read."""
    row = {
        **replacing(user_id, known, new),
        "is_clean": True,
        "more_waits": waits,
        "more_events": 0,
    }

    def change(connection: Connection) -> None:
        guard(_replace.run(connection, row) == 1, f"what was agreed on of user {user_id}")

    return change


def replacing(user_id: str, known: Known, new: Known) -> dict[str, object]:
    return {
        "user": user_id,
        "was_mark": known.mark,
        "was_digest": known.digest or "",
        "was_formers": _formers(known) or "",
        "was_writing": _text(known.writing) or "",
        "new_base": _text(new.base),
        "new_digest": new.digest,
        "new_mark": new.mark,
        "new_formers": _formers(new),
        "new_writing": _text(new.writing),
    }


def add_ours(user_id: str, new: Known) -> Statement[None]:
    """Add a row for a user who is only here until now; fails its guard when there is a row."""
    row = {
        "user_id": user_id,
        "base": None,
        "digest": None,
        "mark": 0,
        "formers": None,
        "writing": _text(new.writing),
        "waits": False,
        "origin": "ours",
        "events": 0,
        "imported_at": utc_now(),
    }

    def add(connection: Connection) -> None:
        guard(_add.run(connection, row) == 1, f"what was agreed on of user {user_id}")

    return add


_known = select(
    legacy_users.c.user_id,
    legacy_users.c.base,
    legacy_users.c.digest,
    legacy_users.c.mark,
    legacy_users.c.formers,
    legacy_users.c.writing,
    legacy_users.c.waits,
).where(legacy_users.c.user_id.in_(bindparam("users", expanding=True)))
_erase = delete(legacy_users).where(legacy_users.c.user_id == bindparam("user"))


def known(user_ids: Sequence[str]) -> Statement[Mapping[str, Known]]:
    """The rows of these users by id; users without a row are missing."""
    return lambda connection: {
        row.user_id: Known(
            _user(row.base),
            row.digest,
            row.mark,
            _user(row.writing),
            _read_formers(row.formers),
            row.waits,
        )
        for row in connection.execute(_known, {"users": list(user_ids)})
    }


_untouched = (
    select(legacy_users.c.user_id, legacy_users.c.events)
    .join(user_profiles, user_profiles.c.user_id == legacy_users.c.user_id)
    .join(user_counters, user_counters.c.user_id == legacy_users.c.user_id)
    .where(
        legacy_users.c.origin.in_(BROUGHT),
        user_counters.c.sequence == legacy_users.c.events,
    )
)
_untouched_page = (
    _untouched.where(legacy_users.c.user_id > bindparam("after"))
    .order_by(legacy_users.c.user_id)
    .limit(bindparam("size"))
)
_untouched_of = _untouched.where(legacy_users.c.user_id.in_(bindparam("users", expanding=True)))


def untouched_among(user_ids: Sequence[str]) -> Statement[Untouched]:
    """Those of them whom an import has brought, and who have done nothing since."""
    return lambda connection: {
        row[0]: row[1] for row in connection.execute(_untouched_of, {"users": list(user_ids)})
    }


def untouched_after(after: str, size: int) -> Statement[list[str]]:
    """The ids of the next untouched users, in their order."""
    values = {"after": after, "size": size}
    return lambda connection: [row[0] for row in connection.execute(_untouched_page, values)]


_brought_at = select(legacy_users.c.imported_at).where(
    legacy_users.c.user_id == bindparam("user"), legacy_users.c.origin.in_(BROUGHT)
)


def brought_at(user_id: str) -> Statement[datetime | None]:
    """When an import has brought them; None: they were here before, or are not of the old bot."""
    return lambda connection: connection.execute(_brought_at, {"user": user_id}).scalar()


def _user(text: str | None) -> OldUser | None:
    return None if text is None else OldUser.model_validate_json(text)


def _text(user: OldUser | None) -> str | None:
    return None if user is None else user.model_dump_json()


def _read_formers(text: str | None) -> Mapping[int, OldUser]:
    found = json.loads(text or "{}")
    return {int(mark): OldUser.model_validate(user) for mark, user in found.items()}


def _formers(known: Known) -> str | None:
    if not known.formers:
        return None
    each = {mark: user.model_dump(mode="json") for mark, user in sorted(known.formers.items())}
    return json.dumps(each)


def erase(user_id: str) -> Statement[None]:
    return executing(_erase, {"user": user_id})
