"""Events about events: what could not be handled, and what came in the wrong order."""

from typing import ClassVar

from pydantic import Field

from yabot.events.envelope import EventPayload


class EventProcessingFailed(EventPayload):
    """A subscriber has given an event up: it is a dead letter now."""

    event_type: ClassVar[str] = "event_processing_failed"

    original_event_id: str
    original_event_type: str
    error: str = Field(description="the stable code of the error")
    consumer: str = Field(description="the subscriber")


class OrderingViolated(EventPayload):
    """An event came after one that it should have come before; it was handled all the same."""

    event_type: ClassVar[str] = "ordering_violated"

    original_event_id: str
    original_event_type: str
    reason: str


class SequenceGap(EventPayload):
    """The log lacks events that it once had; subscribers have gone on behind them."""

    event_type: ClassVar[str] = "sequence_gap"

    partition: int
    first: int = Field(description="the first position that is missing")
    last: int = Field(description="the last one")


class SubscribersStopped(EventPayload):
    """So many events of a group became dead letters that it stopped, before it loses more."""

    event_type: ClassVar[str] = "subscribers_stopped"

    group: str
    dead_letters: int = Field(description="of the last hundred events")


class MessageFailed(EventPayload):
    """Telegram never took a call: it was tried as often, or as long, as its method allows, or was a
    refund that was refused."""

    event_type: ClassVar[str] = "message_failed"

    method: str
    attempts: int
    reason: str = Field(description="of the last attempt: a word for its kind")


class DocumentRefused(EventPayload):
    """MongoDB does not take what SQL has committed of a reader, and holds an older document."""

    event_type: ClassVar[str] = "document_refused"

    reason: str = Field(description="what the server calls it")


FAILURE_EVENTS: tuple[type[EventPayload], ...] = (
    EventProcessingFailed,
    OrderingViolated,
    SequenceGap,
    SubscribersStopped,
    MessageFailed,
    DocumentRefused,
)
