from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from yabot.events.envelope import EventPayload


class DecisionContext(BaseModel):
    """Where the choice was made, and where it leads."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    fragment_id: str
    next_fragment: str
    story_revision: str


class DecisionMade(EventPayload):
    """A reader took a choice of the fragment where they stood."""

    event_type: ClassVar[str] = "decision_made"

    choice_id: str
    context: DecisionContext


class ReactionDetected(EventPayload):
    """A reader reacted to a fragment, by button or as Telegram's messages allow."""

    event_type: ClassVar[str] = "reaction_detected"

    content_id: str = Field(description="the fragment's id")
    reaction_type: str = Field(description="the emoji, or custom for any of Telegram's own making")


class NarrativeHintUnlocked(EventPayload):
    """A choice, or what they have earned, gave the reader a hint that they did not have."""

    event_type: ClassVar[str] = "narrative_hint_unlocked"
    follows: ClassVar[tuple[str, ...]] = ("besitos_awarded",)

    hint_id: str
    fragment_id: str = Field(description="where the reader was")


class VipAccessGranted(EventPayload):
    """A reader went through a VIP door."""

    event_type: ClassVar[str] = "vip_access_granted"

    reason: Literal["subscription"]


class VipAccessDenied(EventPayload):
    """A reader tried a VIP door, and it stayed shut."""

    event_type: ClassVar[str] = "vip_access_denied"

    reason: Literal["no_subscription"]


EVENTS = (
    DecisionMade,
    ReactionDetected,
    NarrativeHintUnlocked,
    VipAccessGranted,
    VipAccessDenied,
)
