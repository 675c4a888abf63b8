"""Events about trouble between Telegram and us."""

from typing import ClassVar, Literal

from pydantic import Field

from yabot.events.envelope import EventPayload

Disturbance = Literal[
    "another_poller", "foreign_webhook", "webhook_taken", "webhook_not_set", "deliveries_fail"
]


class UpdateUnreadable(EventPayload):
    """Telegram has delivered an update that this version cannot read: it is kept as it came."""

    event_type: ClassVar[str] = "update_unreadable"

    update_type: str = Field(description="as in the Bot API")


class MessageUncertain(EventPayload):
    """Nobody can say whether Telegram has carried a call out, and it is not tried again."""

    event_type: ClassVar[str] = "message_uncertain"

    method: str


class IntakeDisturbed(EventPayload):
    """Something keeps updates from coming here, or takes a part of them."""

    event_type: ClassVar[str] = "intake_disturbed"

    disturbance: Disturbance


INTAKE_EVENTS: tuple[type[EventPayload], ...] = (
    UpdateUnreadable,
    MessageUncertain,
    IntakeDisturbed,
)
