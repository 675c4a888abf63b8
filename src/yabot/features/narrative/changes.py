"""Changes of fragments in SQL: MongoDB follows them, and they are each fragment's history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from yabot.clock import utc_now
from yabot.features.narrative.story.model import Fragment
from yabot.features.narrative.tables import fragment_changes
from yabot.log.unit_of_work import guard
from yabot.storage.relational.database import Statement, insert_new

# How many changes are brought to MongoDB at once; each is a transaction of its own there.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class FragmentChange:
    """``before`` became ``after`` in the story of ``base_revision``; the first is number 1."""

    number: int
    base_revision: str
    before: Fragment
    after: Fragment
    changed_by: str
    changed_at: datetime


_columns = fragment_changes.c
_change = select(
    _columns.number,
    _columns.base_revision,
    _columns.before,
    _columns.after,
    _columns.changed_by,
    _columns.changed_at,
)
_after = _change.where(_columns.number > bindparam("last")).order_by(_columns.number).limit(AT_ONCE)
_history = (
    _change.where(
        _columns.fragment_id == bindparam("fragment"), _columns.number < bindparam("before_number")
    )
    .order_by(_columns.number.desc())
    .limit(bindparam("most"))
)


def add(
    number: int, base_revision: str, before: Fragment, after: Fragment, by: str
) -> Statement[None]:
    """Fails its guard when another change has come first."""
    row = {
        "number": number,
        "fragment_id": after.fragment_id,
        "base_revision": base_revision,
        "before": before.model_dump_json(),
        "after": after.model_dump_json(),
        "changed_by": by,
        "changed_at": utc_now(),
    }

    def write(connection: Connection) -> None:
        added = connection.execute(insert_new(connection, fragment_changes), row).rowcount == 1
        guard(added, "the story")

    return write


def changes_after(number: int) -> Statement[Sequence[FragmentChange]]:
    """The changes after ``number``, in order; at most AT_ONCE."""
    return lambda connection: _read(connection, _after, {"last": number})


def history(fragment_id: str, before_number: int, most: int) -> Statement[Sequence[FragmentChange]]:
    """The changes of one fragment with numbers below ``before_number``, newest first."""
    asked = {"fragment": fragment_id, "before_number": before_number, "most": most}
    return lambda connection: _read(connection, _history, asked)


def _read(
    connection: Connection, query: Select[Any], values: dict[str, object]
) -> Sequence[FragmentChange]:
    return [
        FragmentChange(
            number,
            base_revision,
            Fragment.model_validate_json(before),
            Fragment.model_validate_json(after),
            changed_by,
            changed_at,
        )
        for number, base_revision, before, after, changed_by, changed_at in connection.execute(
            query, values
        )
    ]
