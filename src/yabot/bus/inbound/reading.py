"""Makes an envelope of what another service wrote, or says what is wrong with it."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from yabot import canonical
from yabot.bus.inbound.sources import Entry
from yabot.clock import rfc3339, utc_now
from yabot.error_text import error_text, rule_of
from yabot.errors import InvalidInput
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope

MOST_BYTES = 65_536
# How far another service's clock may be ahead: one that is far ahead would make all that comes
# after it late.
AHEAD = timedelta(minutes=5)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}")
ID = re.compile(r"[ -~]{1,128}")


class NotAnEnvelope(InvalidInput):
    code = "not_an_envelope"


class EventRefused(InvalidInput):
    """The envelope can be read, but this program does not take the event."""

    code = "event_refused"

    def __init__(self, envelope: Envelope, reason: str) -> None:
        self.envelope = envelope
        super().__init__(reason)


def read_event(entry: Entry, catalog: Catalog) -> Envelope:
    """The event, as it will stand in the log. Raises NotAnEnvelope, EventRefused."""
    with _whatever_it_is():
        return _fitting(_read(entry), catalog)


def fitting(envelope: Envelope, catalog: Catalog) -> Envelope:
    """The same event with its payload as this program writes it.

    Raises NotAnEnvelope, EventRefused.
    """
    with _whatever_it_is():
        return _fitting(envelope, catalog)


@contextmanager
def _whatever_it_is() -> Iterator[None]:
    """Unexpected errors become NotAnEnvelope: one event must not hold up all others."""
    try:
        yield
    except InvalidInput:
        raise
    except Exception as error:
        raise NotAnEnvelope(f"it cannot be read: {error_text(error)}") from error


def _fitting(envelope: Envelope, catalog: Catalog) -> Envelope:
    if envelope.sequence is not None:
        raise EventRefused(envelope, "sequence: it counts our own events, leave it out")
    if envelope.timestamp > utc_now() + AHEAD:
        raise EventRefused(envelope, "timestamp: it is to come; set the sender's clock right")
    try:
        payload = catalog.payload_of(envelope)
        catalog.require_from_outside(envelope.event_type)
    except ValidationError as error:
        model = catalog.model_of(envelope)
        raise EventRefused(envelope, mistakes(error, model, "payload")) from error
    except InvalidInput as error:
        raise EventRefused(envelope, str(error)) from error
    return envelope.model_copy(update={"payload": payload.in_json()})


def mistakes(error: ValidationError, model: type[BaseModel], *place: str) -> str:
    """The first three mistakes, each with its place and the rule that it breaks.

    Only fields of ``model`` are named: other names are a stranger's words.
    """
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{_place(each, model, place)}: {rule_of(each)}" for each in found[:3])


def _place(mistake: ErrorDetails, model: type[BaseModel], place: Sequence[str]) -> str:
    field = mistake["loc"][:1]
    known = [str(name) for name in field if name in model.model_fields]
    return ".".join((*place, *known)) or "event"


def _read(entry: Entry) -> Envelope:
    if entry.event is None:
        raise NotAnEnvelope("the entry has no field 'event' that holds an envelope")
    if entry.size > MOST_BYTES:
        raise NotAnEnvelope(f"it has {entry.size} bytes, and may have {MOST_BYTES}")
    try:
        envelope = Envelope.model_validate_json(entry.event, strict=True)
    except ValidationError as error:
        raise NotAnEnvelope(mistakes(error, Envelope)) from error
    _check_names(envelope)
    if envelope.version < 1:
        raise NotAnEnvelope("version: it counts from 1")
    if not _is_json(envelope.payload):
        raise NotAnEnvelope("payload: a number in it is none, or too large")
    whom = envelope.user_id and (canonical.user_id(envelope.user_id) or envelope.user_id)
    return envelope.model_copy(update={"timestamp": _in_utc(envelope.timestamp), "user_id": whom})


def _check_names(envelope: Envelope) -> None:
    """Check the fields that get columns of their own."""
    if not _is_uuid(envelope.event_id):
        raise NotAnEnvelope("event_id: it is no UUID in lower case, with its hyphens")
    if not EVENT_TYPE.fullmatch(envelope.event_type):
        raise NotAnEnvelope("event_type: it is no name in lower case")
    for name in ("user_id", "correlation_id", "causation_id", "traceparent"):
        value = getattr(envelope, name)
        if value is not None and not ID.fullmatch(value):
            raise NotAnEnvelope(f"{name}: it is not 1 to 128 printable ASCII characters")


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _is_json(payload: dict[str, Any]) -> bool:
    """Whether it can be written as JSON unchanged: NaN and Infinity would become null."""
    try:
        json.dumps(payload, allow_nan=False)
    except ValueError:
        return False
    return True


def _in_utc(timestamp: datetime) -> datetime:
    if timestamp.tzinfo is None:
        raise NotAnEnvelope("timestamp: it has no time zone; end it with Z for UTC")
    try:
        moment = timestamp.astimezone(UTC)
    except OverflowError as error:
        raise NotAnEnvelope("timestamp: there is no such moment in UTC") from error
    if moment < EARLIEST:
        raise NotAnEnvelope(f"timestamp: it is before {rfc3339(EARLIEST)}")
    return moment
