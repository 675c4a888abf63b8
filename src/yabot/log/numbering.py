"""The numbers that a commit gives: a user's events and versions, and positions in the log.

Each is taken under the lock of its row, so that they have no gaps and come in one order.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, bindparam, case, update

from yabot.clock import to_microseconds, utc_now
from yabot.log.tables import partitions, user_counters
from yabot.log.unit_of_work import UnitOfWork, guard
from yabot.storage.relational.database import insert_new
from yabot.storage.relational.prepared import Prepared


@dataclass(slots=True)
class UserCounter:
    """Walks over the numbers that one statement took for several events."""

    sequence: int
    event_us: int

    def next(self) -> "UserCounter":
        self.sequence += 1
        self.event_us += 1
        return self


def advance_counters(connection: Connection, work: UnitOfWork) -> dict[str, UserCounter]:
    """Number the events of each user and step its version, under the lock of its counter row.

    Users are taken in order of their ids, so that two units never wait for each other in a ring.
    """
    if not (work.events or work.documents):
        return {}
    events = Counter(user_id for _, user_id in work.events if user_id is not None)
    counters = {}
    for user_id in sorted(events.keys() | work.documents.keys()):
        change = work.documents.get(user_id)
        from_version = change.from_version if change else None
        counters[user_id] = _advance(connection, user_id, events[user_id], from_version)
    return counters


_now: BindParameter[int] = bindparam("now")
_count: BindParameter[int] = bindparam("count")
_any_version = (
    update(user_counters)
    .where(user_counters.c.user_id == bindparam("user"))
    .values(
        sequence=user_counters.c.sequence + _count,
        # Later than the user's last event, whatever the wall clock says.
        last_event_us=case(
            (user_counters.c.last_event_us < _now, _now), else_=user_counters.c.last_event_us
        )
        + _count,
    )
    .returning(user_counters.c.sequence, user_counters.c.last_event_us)
)
_this_version = _any_version.where(
    user_counters.c.state_version == bindparam("from_version")
).values(state_version=bindparam("from_version") + 1)
_step, _step_version = Prepared(_any_version), Prepared(_this_version)


def _advance(
    connection: Connection, user_id: str, events: int, from_version: int | None
) -> UserCounter:
    now = to_microseconds(utc_now())
    # A new user usually has no row yet; other services' events may have made one.
    if from_version == 0 and _begin(connection, user_id, events, version=1, now=now):
        return UserCounter(0, now)
    values: dict[str, object] = {"user": user_id, "count": events, "now": now}
    if from_version is None:
        row = _step.first(connection, values)
    else:
        row = _step_version.first(connection, values | {"from_version": from_version})
    if row is not None:
        return UserCounter(row[0] - events, row[1] - events)
    begun = from_version is None and _begin(connection, user_id, events, version=0, now=now)
    guard(begun, f"the state of user {user_id}")
    return UserCounter(0, now)


_add_counter = Prepared(lambda connection: insert_new(connection, user_counters))


def _begin(connection: Connection, user_id: str, events: int, *, version: int, now: int) -> bool:
    """Insert the user's row; False if there is one already."""
    row = {
        "user_id": user_id,
        "sequence": events,
        "state_version": version,
        "last_event_us": now + events,
    }
    return _add_counter.run(connection, row) == 1


_take_positions = Prepared(
    update(partitions)
    .where(partitions.c.partition == bindparam("number"))
    .values(last_pos=partitions.c.last_pos + bindparam("count"))
    .returning(partitions.c.last_pos)
)


def place(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Give each event its position. Partitions are locked in the order of their numbers."""
    counts = Counter(row["partition"] for row in rows)
    last = {}
    for number in sorted(counts):
        taken = _take_positions.first(connection, {"number": number, "count": counts[number]})
        assert taken is not None, "ensure_partitions has made a row for each"
        last[number] = taken[0] - counts[number]
    for row in rows:
        last[row["partition"]] += 1
        row["pos"] = last[row["partition"]]
