"""Reads the log after a place, for readers that follow it without Redis.

A *place* is a position in each partition. Positions are committed without gaps and in order, so a
reader who goes on after a place misses nothing and gets nothing twice, whatever is committed
meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from yabot.clock import to_microseconds
from yabot.errors import TerminalError
from yabot.log.tables import outbox, partitions
from yabot.storage.relational.database import Statement
from yabot.storage.relational.prepared import Prepared

Place = list[int]


class Given(NamedTuple):
    """An event that a reader was given; after a restore another one may stand at its position."""

    partition: int
    pos: int
    # Microseconds since 1970.
    created_at: int


_event = (
    outbox.c.partition,
    outbox.c.pos,
    outbox.c.event_type,
    outbox.c.envelope,
    outbox.c.created_at,
)
_after = Prepared(
    select(*_event)
    .where(outbox.c.partition == bindparam("number"), outbox.c.pos > bindparam("pos"))
    .order_by(outbox.c.pos)
    .limit(bindparam("most"))
)
_stands = Prepared(
    select(outbox.c.created_at).where(
        outbox.c.partition == bindparam("number"), outbox.c.pos == bindparam("pos")
    )
)
_ends = select(partitions.c.last_pos).order_by(partitions.c.partition)
_first = (
    select(func.min(outbox.c.pos))
    .where(outbox.c.partition == partitions.c.partition)
    .scalar_subquery()
)
# After the last position where a partition has no events.
_begins = select(func.coalesce(_first - 1, partitions.c.last_pos)).order_by(partitions.c.partition)


_of_user = select(*_event).where(
    outbox.c.user_id == bindparam("user"), outbox.c.partition == bindparam("number")
)
_older = Prepared(
    _of_user.where(outbox.c.pos < bindparam("pos"))
    .order_by(outbox.c.pos.desc())
    .limit(bindparam("most"))
)
_younger = Prepared(
    _of_user.where(outbox.c.pos > bindparam("pos")).order_by(outbox.c.pos).limit(bindparam("most"))
)
# Greater than any position.
FAR = 2**62


class EventsRemoved(TerminalError):
    """Retention has removed the next events; ``place`` is where the log goes on after them."""

    code = "events_removed"

    def __init__(self, place: Place) -> None:
        self.place = place
        super().__init__("events behind this place are older than what the log keeps")


class LogRewound(TerminalError):
    """The place is not of this log: an older copy of the database was restored."""

    code = "log_rewound"


class Logged(NamedTuple):
    partition: int
    pos: int
    event_type: str
    envelope: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Portion:
    envelopes: list[str]
    # The place after all events that were looked at.
    place: Place
    # The newest event of this and all earlier portions: a restored copy most likely lacks it.
    newest: Given | None
    # Whether more events stood after ``place`` at that moment.
    more: bool


def end(connection: Connection) -> Place:
    """The place after the newest event of each partition."""
    return list(connection.execute(_ends).scalars())


def beginning(connection: Connection) -> Place:
    """The place before the oldest event that is kept of each partition."""
    return list(connection.execute(_begins).scalars())


def events_after(
    place: Place, most: int, types: Collection[str] = (), newest: Given | None = None
) -> Statement[Portion]:
    """Those of the next ``most`` events that have one of ``types``; all of them without ``types``.

    Events of one partition are in the order of the log; those of several are merged by age.
    ``newest`` is that of the previous portion. Raises EventsRemoved, LogRewound.
    """

    def read(connection: Connection) -> Portion:
        ends = end(connection)
        if any(at > last for at, last in zip(place, ends, strict=True)):
            raise LogRewound("the log ends before this place")
        if newest is not None and not _still_stands(connection, newest):
            raise LogRewound("another event stands where the newest one was given")
        waiting = {n: last - place[n] for n, last in enumerate(ends) if last > place[n]}
        # The sum grows with each event, so that each partition is the first in turn.
        portions = shares(waiting, most, sum(place) % len(place))
        found = {n: _read(connection, n, place[n], share) for n, share in portions.items()}
        _require_next(place, ends, found)
        parts = {n: _unbroken(events) for n, events in found.items()}
        reached = [parts[n][-1].pos if n in parts else at for n, at in enumerate(place)]
        return Portion(
            [
                event.envelope
                for event in merge(*parts.values(), key=lambda event: event.created_at)
                if not types or event.event_type in types
            ],
            reached,
            _newest(newest, parts.values()),
            reached != ends,
        )

    return read


def _still_stands(connection: Connection, given: Given) -> bool:
    """False if another event stands at its position; true if none does: retention removed it."""
    row = _stands.first(connection, {"number": given.partition, "pos": given.pos})
    return row is None or to_microseconds(row[0]) == given.created_at


def _newest(before: Given | None, parts: Collection[Sequence[Logged]]) -> Given | None:
    now = [
        Given(event.partition, event.pos, to_microseconds(event.created_at))
        for events in parts
        for event in events[-1:]
    ]
    return max([*filter(None, [before]), *now], key=lambda given: given.created_at, default=None)


def of_user(
    user_id: str, partition: int, pos: int, most: int, *, newest: bool
) -> Statement[list[Logged]]:
    """The next ``most`` of a user's events after ``pos``, in their order; 0 is the beginning.

    All are in one ``partition``. With ``newest`` the newest comes first, else the oldest.
    """
    where = {"user": user_id, "number": partition, "pos": pos, "most": most}
    statement = _older if newest else _younger
    if newest and not pos:
        where["pos"] = FAR
    return lambda connection: [*map(Logged._make, statement.all(connection, where))]


def shares(waiting: Mapping[int, int], most: int, first: int) -> dict[int, int]:
    """How many of ``most`` each partition gets: equal shares, unless it has fewer ``waiting``.

    If there are fewer than partitions, the next ones from partition ``first`` on get one each.
    """
    in_turn = sorted(waiting, key=lambda n: (n < first, n))[:most]
    given: dict[int, int] = {}
    for n in sorted(in_turn, key=waiting.__getitem__):
        equal = (most - sum(given.values())) // (len(in_turn) - len(given))
        given[n] = min(waiting[n], equal)
    return given


def _read(connection: Connection, partition: int, pos: int, most: int) -> list[Logged]:
    rows = _after.all(connection, {"number": partition, "pos": pos, "most": most})
    return [*map(Logged._make, rows)]


def _require_next(place: Place, ends: Place, found: Mapping[int, Sequence[Logged]]) -> None:
    gone = {
        n: events[0].pos - 1 if events else ends[n]
        for n, events in found.items()
        if not events or events[0].pos != place[n] + 1
    }
    if gone:
        raise EventsRemoved([gone.get(n, at) for n, at in enumerate(place)])


def _unbroken(events: Sequence[Logged]) -> list[Logged]:
    """The events up to the first gap: retention may remove younger events before older ones."""
    return [event for n, event in enumerate(events, events[0].pos) if event.pos == n]
