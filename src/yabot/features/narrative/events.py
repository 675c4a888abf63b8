from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from yabot import canonical
from yabot.events.envelope import EventPayload


def _story_id(text: str) -> str:
    known = canonical.story_id(text)
    if known is None:
        raise ValueError("it is no id of a story")
    return known


def _reaction(text: str) -> str:
    known = canonical.reaction(text)
    if known is None:
        raise ValueError("it is no reaction")
    return known


class DecisionContext(BaseModel):
    """Where the choice was made, and where it leads."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    fragment_id: str
    next_fragment: str
    story_revision: str


class DecisionMade(EventPayload):
    """A reader took a choice of the fragment where they stood."""

    event_type: ClassVar[str] = "decision_made"
    needs_user: ClassVar[bool] = True

    choice_id: str
    context: DecisionContext


class ReactionDetected(EventPayload):
    """A reader reacted to a fragment, by button or as Telegram's messages allow."""

    event_type: ClassVar[str] = "reaction_detected"
    needs_user: ClassVar[bool] = True

    content_id: Annotated[str, AfterValidator(_story_id)] = Field(description="the fragment's id")
    reaction_type: Annotated[str, AfterValidator(_reaction)] = Field(
        description="the emoji, or custom for any of Telegram's own making"
    )


class NarrativeHintUnlocked(EventPayload):
    """A choice, or what they have earned, gave the reader a hint that they did not have."""

    event_type: ClassVar[str] = "narrative_hint_unlocked"
    needs_user: ClassVar[bool] = True

    hint_id: str
    fragment_id: str = Field(description="where the reader was")


class VipAccessGranted(EventPayload):
    """A reader went through a VIP door."""

    event_type: ClassVar[str] = "vip_access_granted"
    needs_user: ClassVar[bool] = True

    reason: Literal["subscription"]


class VipAccessDenied(EventPayload):
    """A reader tried a VIP door, and it stayed shut."""

    event_type: ClassVar[str] = "vip_access_denied"
    needs_user: ClassVar[bool] = True

    reason: Literal["no_subscription"]


class PageRefused(EventPayload):
    """Telegram refused to show a reader a page as it is written."""

    event_type: ClassVar[str] = "page_refused"

    fragment_id: str
    language: str = Field(description="of the reader")
    reason: str = Field(description="markup, length, empty, buttons, errors or other")
    instead: Literal["plain_text", "apology"] = Field(description="what the reader gets")


EVENTS = (
    DecisionMade,
    ReactionDetected,
    NarrativeHintUnlocked,
    VipAccessGranted,
    VipAccessDenied,
    PageRefused,
)
