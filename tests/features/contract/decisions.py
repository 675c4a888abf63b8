"""What a subscriber decides about an event, in values that can be held against each other."""

import re
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event

from yabot.events.envelope import Envelope, EventPayload
from yabot.feature import Feature
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.relational.database import Database, Statement
from yabot.subscriber import Event, Subscriber

WRITES = re.compile(r"\s*(INSERT (?:OR IGNORE )?INTO|UPDATE|DELETE FROM|SELECT)\s*(\w*)")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|\+00:00)")
# Some columns have moments as microseconds since 1970; this is in 2001.
MICROSECONDS = 10**15
# Between two decisions the clock goes on.
MEANWHILE = timedelta(minutes=5)
# A payment's id is in the row that is written; who is paid by a reader is told of another.
MADE_UP = {"transaction_id"}
PLAIN = (bool, int, float, str, list, tuple, dict, set, frozenset, deque)


class _UndoneError(Exception):
    """Ends a transaction that nobody wants."""


@dataclass(frozen=True)
class Part:
    """One thing that is to happen: ``what`` says it in words."""

    what: str
    value: Any


@dataclass
class Decided:
    parts: list[Part] = field(default_factory=list)
    failure: Exception | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(part.what for part in self.parts)


async def decided(
    database: Database, subscriber: Subscriber[Any], envelope: Envelope, payload: EventPayload
) -> Decided:
    """What would happen; nothing of it does."""
    cause = Cause(subscriber.name, envelope.event_id, envelope.correlation_id)
    work = UnitOfWork(cause)
    try:
        await subscriber.handle(Event(envelope, payload), work)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was decided
        return Decided([Part("it fails with", type(error).__name__)], error)
    return Decided([*await _written(database, work.statements), *_others(work)])


async def _written(database: Database, statements: Sequence[Statement[None]]) -> list[Part]:
    """By the statements, which are run in a transaction that is undone."""
    found: list[Part] = []

    def note(_c: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> None:
        match = WRITES.match(sql)
        what = " ".join(match.groups()) if match else sql
        found.append(Part(what, (sql, parameters)))

    def run(connection: Connection) -> None:
        found.clear()
        event.listen(connection, "before_cursor_execute", note)
        try:
            for statement in statements:
                statement(connection)
        except Exception as error:  # noqa: BLE001 - a guard, for one: then it is decided again
            found.append(Part("the commit fails with", type(error).__name__))
        finally:
            event.remove(connection, "before_cursor_execute", note)
        raise _UndoneError

    with suppress(_UndoneError):
        await database.write(run)
    return found


def _others(work: UnitOfWork) -> list[Part]:
    documents = [
        Part(
            "the document",
            (change.user_id, change.from_version, change.document and change.document.model_dump()),
        )
        for change in work.documents.values()
    ]
    events = [
        Part(f"the event {payload.event_type}", (user_id, payload.model_dump(exclude=MADE_UP)))
        for payload, user_id in work.events
    ]
    messages = [Part("the message", (each.method, each.payload)) for each in work.messages]
    return [*documents, *events, *messages]


def differing(first: Decided, again: Decided) -> str | None:
    """In words, what is not as it was; None when all is."""
    for one, other in zip(first.parts, again.parts, strict=False):
        if one.what != other.what:
            return f"{one.what} became {other.what}"
        for before, now in _leaves(one.value, other.value):
            if not _alike(before, now):
                return f"in {one.what}, {before!r} became {now!r}"
    if len(first.parts) != len(again.parts):
        return f"{len(first.parts)} changes became {len(again.parts)}"
    return None


def _leaves(one: Any, other: Any) -> list[tuple[Any, Any]]:
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return [pair for key in one for pair in _leaves(one[key], other[key])]
    if isinstance(one, list | tuple) and isinstance(other, list | tuple) and len(one) == len(other):
        return [pair for pair in zip(one, other, strict=True) for pair in _leaves(*pair)]
    return [(one, other)]


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) < MEANWHILE
    if isinstance(one, str) and isinstance(other, str):
        pairs = zip(MOMENT.findall(one), MOMENT.findall(other), strict=False)
        same_words = MOMENT.sub("", one) == MOMENT.sub("", other)
        return same_words and all(_alike(*map(datetime.fromisoformat, pair)) for pair in pairs)
    if type(one) is int and type(other) is int and min(one, other) > MICROSECONDS:
        return abs(one - other) < MEANWHILE // timedelta(microseconds=1)
    return bool(one == other)


def remembered(feature: Feature) -> dict[str, str]:
    """What stands in the modules of its package, by its name: numbers, words, lists and such."""
    package = f"yabot.features.{feature.name}"
    modules = [
        module
        for name, module in [*sys.modules.items()]
        if name == package or name.startswith(f"{package}.")
    ]
    return {
        f"{module.__name__}.{name}": repr(value)
        for module in modules
        for name, value in vars(module).items()
        if not name.startswith("__") and isinstance(value, PLAIN)
    }
