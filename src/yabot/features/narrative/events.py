from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from yabot.events.envelope import EventPayload


class DecisionContext(BaseModel):
    """Where the choice was made, and where it leads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fragment_id: str
    next_fragment: str
    story_revision: str


class DecisionMade(EventPayload):
    event_type: ClassVar[str] = "decision_made"

    choice_id: str
    context: DecisionContext


class ReactionDetected(EventPayload):
    event_type: ClassVar[str] = "reaction_detected"

    content_id: str
    # The emoji, or "custom" for one of Telegram's paid ones.
    reaction_type: str


class NarrativeHintUnlocked(EventPayload):
    event_type: ClassVar[str] = "narrative_hint_unlocked"

    hint_id: str
    fragment_id: str


class VipAccessGranted(EventPayload):
    event_type: ClassVar[str] = "vip_access_granted"

    reason: Literal["subscription"]


class VipAccessDenied(EventPayload):
    event_type: ClassVar[str] = "vip_access_denied"

    reason: Literal["no_subscription"]


EVENTS = (
    DecisionMade,
    ReactionDetected,
    NarrativeHintUnlocked,
    VipAccessGranted,
    VipAccessDenied,
)
