"""Dead letters as they stand in SQL: grouped, one by one, and changed by an operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Subquery,
    bindparam,
    func,
    select,
    update,
)

from yabot.bus.tables import dead_letters
from yabot.events.envelope import Envelope
from yabot.log.unit_of_work import guard
from yabot.storage.relational.database import Statement

State = Literal["dead", "retrying", "retry", "resolved", "discarded"]
STATES: tuple[State, ...] = get_args(State)

# The largest integer that every client's numbers can hold.
HIGHEST_ID = 2**53 - 1
# How many ids of a group are shown.
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """The letters of one consumer that failed on one type of event with one code."""

    consumer: str
    event_type: str
    error_code: str
    letters: int
    first_failed_at: datetime
    last_failed_at: datetime
    # The lowest ids.
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row of ``dead_letters``, as operators see it."""

    id: int
    state: State
    consumer: str
    group: str
    envelope: Envelope
    attempts: int
    error_code: str
    error: str
    note: str | None
    first_failed_at: datetime
    last_failed_at: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Letters that match every given field."""

    consumer: str | None = None
    event_type: str | None = None
    error_code: str | None = None

    def __bool__(self) -> bool:
        return any((self.consumer, self.event_type, self.error_code))


_kind = (dead_letters.c.consumer, dead_letters.c.event_type, dead_letters.c.error_code)
_in_state = dead_letters.c.state == bindparam("wanted")
_grouped = (
    select(
        *_kind,
        func.count().label("letters"),
        func.min(dead_letters.c.first_failed_at).label("first_failed_at"),
        func.max(dead_letters.c.last_failed_at).label("last_failed_at"),
    )
    .where(_in_state)
    .group_by(*_kind)
    .order_by(func.count().desc(), *_kind)
)
_numbered: Subquery = (
    select(
        *_kind,
        dead_letters.c.id,
        func.row_number().over(partition_by=_kind, order_by=dead_letters.c.id).label("n"),
    )
    .where(_in_state)
    .subquery()
)
_samples = select(_numbered).where(_numbered.c.n <= SAMPLE).order_by(_numbered.c.id)
_one = select(dead_letters).where(dead_letters.c.id == bindparam("row"))
_states = select(dead_letters.c.id, dead_letters.c.state).where(
    dead_letters.c.id.in_(bindparam("rows", expanding=True))
)
_change = (
    update(dead_letters)
    .where(
        dead_letters.c.id.in_(bindparam("rows", expanding=True)),
        dead_letters.c.state.in_(bindparam("before", expanding=True)),
    )
    .values(state=bindparam("after"), note=func.coalesce(bindparam("told"), dead_letters.c.note))
)


def grouped(state: State) -> Statement[list[LetterGroup]]:
    """The largest group first."""
    where = {"wanted": state}

    def read(connection: Connection) -> list[LetterGroup]:
        ids: dict[tuple[str, ...], list[int]] = {}
        for row in connection.execute(_samples, where):
            ids.setdefault((row.consumer, row.event_type, row.error_code), []).append(row.id)
        return [
            LetterGroup(**row, ids=tuple(ids[row.consumer, row.event_type, row.error_code]))
            for row in connection.execute(_grouped, where).mappings()
        ]

    return read


def one(letter_id: int) -> Statement[DeadLetter | None]:
    def read(connection: Connection) -> DeadLetter | None:
        row = connection.execute(_one, {"row": letter_id}).first()
        return None if row is None else _letter(row)

    return read


def matching(selection: Selection, states: Sequence[State]) -> Statement[list[int]]:
    """Ids, the oldest letter first."""
    query = _where(select(dead_letters.c.id), selection, states).order_by(dead_letters.c.id)
    return lambda connection: list(connection.execute(query).scalars())


def newest(
    selection: Selection, states: Sequence[State], most: int, below: int | None
) -> Statement[list[DeadLetter]]:
    """At most ``most`` matching letters with an id less than ``below``, highest id first."""
    query = _where(select(dead_letters), selection, states).order_by(dead_letters.c.id.desc())
    if below is not None:
        query = query.where(dead_letters.c.id < below)
    query = query.limit(most)
    return lambda connection: [_letter(row) for row in connection.execute(query)]


def states_of(ids: Sequence[int]) -> Statement[dict[int, State]]:
    """The states by id; unknown ids are left out."""
    return lambda connection: dict(connection.execute(_states, {"rows": ids}).all())


def change(
    ids: Sequence[int], before: Sequence[State], after: State, note: str | None = None
) -> Statement[None]:
    """Set the letters' state to ``after``, with a ``note`` why. Fails its guard unless all of them
    are still in a state of ``before``.
    """
    values = {"rows": ids, "before": before, "after": after, "told": note}

    def run(connection: Connection) -> None:
        changed = connection.execute(_change, values).rowcount
        guard(changed == len(ids), f"one of {len(ids)} dead letters")

    return run


def _where(query: Select[Any], selection: Selection, states: Sequence[State]) -> Select[Any]:
    query = query.where(dead_letters.c.state.in_(states))
    if selection.consumer is not None:
        query = query.where(dead_letters.c.consumer == selection.consumer)
    if selection.event_type is not None:
        query = query.where(dead_letters.c.event_type == selection.event_type)
    if selection.error_code is not None:
        query = query.where(dead_letters.c.error_code == selection.error_code)
    return query


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        state=row.state,
        consumer=row.consumer,
        group=row.group_name,
        envelope=Envelope.model_validate_json(row.envelope),
        attempts=row.attempts,
        error_code=row.error_code,
        error=row.error,
        note=row.note,
        first_failed_at=row.first_failed_at,
        last_failed_at=row.last_failed_at,
    )
