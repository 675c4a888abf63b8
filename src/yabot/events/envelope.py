"""What every event carries, and the base of every payload."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, PlainSerializer

from yabot.clock import rfc3339

Timestamp = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]


class EventPayload(BaseModel):
    """One subclass for each type of event; no personal data beyond ids."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    event_type: ClassVar[str]
    version: ClassVar[int] = 1


class Envelope(BaseModel):
    """An event as it is stored and published; absent values are left out of its JSON."""

    model_config = ConfigDict(frozen=True)

    event_id: str
    event_type: str
    version: int
    timestamp: Timestamp
    user_id: str | None = None
    sequence: int | None = None
    correlation_id: str
    causation_id: str
    payload: dict[str, Any]
    traceparent: str | None = None

    def to_json(self) -> str:
        return self.model_dump_json(exclude_none=True)
