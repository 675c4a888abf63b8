"""What every event carries, and the base of every payload."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from yabot.clock import rfc3339


def _held_by_utc(moment: datetime) -> datetime:
    """Refuse a moment that is outside the representable years in UTC: it could not be written."""
    try:
        moment.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise PydanticCustomError("no_moment", "there is no such moment in UTC") from error
    return moment


Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
# A moment in a payload, which another service may have written.
Timestamp = Annotated[Moment, AfterValidator(_held_by_utc)]


class EventPayload(BaseModel):
    """One subclass for each type of event; no personal data beyond ids."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )

    event_type: ClassVar[str]
    version: ClassVar[int] = 1
    # Always about a user: an envelope that names none is refused.
    needs_user: ClassVar[bool] = False

    def in_json(self) -> dict[str, Any]:
        """As an envelope carries it: JSON's own types, without what is absent."""
        return self.model_dump(mode="json", exclude_none=True)


class Envelope(BaseModel):
    """An event as it is stored and published; absent values are left out of its JSON."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    event_id: str = Field(
        description="a UUID, of version 7 where YABOT made it; an event that comes again has the "
        "same one"
    )
    event_type: str = Field(description="also the name of its Pub/Sub channel")
    version: int = Field(description="of the payload; rises with a change that may break")
    timestamp: Moment = Field(
        description="RFC 3339 in UTC with microseconds; for each user strictly increasing among "
        "YABOT's own events"
    )
    user_id: str | None = Field(None, description="whom it is about: a Telegram id as text")
    sequence: int | None = Field(
        None, description="counts YABOT's own events about the user from 1, without gaps"
    )
    correlation_id: str = Field(description="of everything that one update or request set going")
    causation_id: str = Field(description="the update, request or event that it was published for")
    payload: dict[str, Any] = Field(description="as listed below for each type")
    traceparent: str | None = Field(None, description="W3C trace context")

    @property
    def lane(self) -> str:
        """Events of a lane go one after another: a user's, or a correlation's without a user."""
        return self.user_id or self.correlation_id

    def in_json(self) -> dict[str, Any]:
        """JSON's own types, without what is absent."""
        return self.model_dump(mode="json", exclude_none=True)

    def to_json(self) -> str:
        """Begins with the id and the type, as ``type_in`` expects it."""
        return self.model_dump_json(exclude_none=True)


# A string with a backslash does not match, so an escaped quote is not taken for its end.
_BEGINNING = re.compile(r'\{"event_id":"([^"\\]*)","event_type":"([^"\\]*)",')


def type_in(envelope: str) -> str | None:
    """The type in what ``to_json`` has written, at a tenth of the cost of reading it all.

    None when ``envelope`` does not begin as ``to_json`` writes it.
    """
    found = _BEGINNING.match(envelope)
    return None if found is None else found[2]


def id_in(envelope: str) -> str | None:
    """The event's id; otherwise like ``type_in``."""
    found = _BEGINNING.match(envelope)
    return None if found is None else found[1]
