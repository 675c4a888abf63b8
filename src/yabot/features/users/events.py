from typing import ClassVar

from pydantic import Field

from yabot.events.envelope import EventPayload


class UserRegistered(EventPayload):
    """Somebody wrote for the first time, or for the first time since they were deleted; or another
    service has registered them; or they have been brought from the bot before this one."""

    event_type: ClassVar[str] = "user_registered"
    needs_user: ClassVar[bool] = True


class UserUpdated(EventPayload):
    """Which fields changed, by name only: their values are personal."""

    event_type: ClassVar[str] = "user_updated"
    needs_user: ClassVar[bool] = True

    update_type: str = Field(description="profile or preferences")
    updated_fields: tuple[str, ...]


class UserDeleted(EventPayload):
    """Profile and state are gone; the id stays in what is counted and in events."""

    event_type: ClassVar[str] = "user_deleted"
    needs_user: ClassVar[bool] = True

    deletion_reason: str


EVENTS = (UserRegistered, UserUpdated, UserDeleted)
