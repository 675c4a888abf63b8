"""Events about access to the internal API."""

from typing import ClassVar

from pydantic import Field

from yabot.events.envelope import EventPayload


class AuthAbuseDetected(EventPayload):
    """Somebody keeps asking the internal API without a valid token: told once a minute at most."""

    event_type: ClassVar[str] = "auth_abuse_detected"

    peer: str = Field(description="the network address, or `certificate` and its SHA-256")
    failures: int = Field(description="within this minute, when it was noticed")


ACCESS_EVENTS: tuple[type[EventPayload], ...] = (AuthAbuseDetected,)
