from typing import ClassVar

from yabot.events.envelope import EventPayload


class UserRegistered(EventPayload):
    event_type: ClassVar[str] = "user_registered"


class UserUpdated(EventPayload):
    """Which fields changed, by name only: their values are personal."""

    event_type: ClassVar[str] = "user_updated"

    update_type: str
    updated_fields: tuple[str, ...]


class UserDeleted(EventPayload):
    event_type: ClassVar[str] = "user_deleted"

    deletion_reason: str


EVENTS = (UserRegistered, UserUpdated, UserDeleted)
