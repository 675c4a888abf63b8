"""The events that the framework itself publishes, whichever feature handles the cause."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from yabot.events.envelope import EventPayload

Outcome = Literal["ok", "rejected", "unavailable", "failed"]


class UpdateReceived(EventPayload):
    """Telegram has delivered an update, which is stored; ``update_type`` as in the Bot API."""

    event_type: ClassVar[str] = "update_received"

    update_type: str


class UserInteraction(EventPayload):
    """A reader did something: ``action`` says what, ``context`` with what."""

    event_type: ClassVar[str] = "user_interaction"

    action: str
    context: dict[str, Any] = Field(default_factory=dict)


class OperationCompleted(EventPayload):
    """An update or a request has been dealt with: one for each, the last of its events."""

    event_type: ClassVar[str] = "operation_completed"

    operation: str
    outcome: Outcome
    duration_ms: float
    error_code: str | None = None


FRAMEWORK_EVENTS: tuple[type[EventPayload], ...] = (
    UpdateReceived,
    UserInteraction,
    OperationCompleted,
)
