"""Dead letters as the API shows and takes them."""

from typing import Annotated, Any, Self

from pydantic import Field

from yabot.api.answering.shown import Shown
from yabot.api.operations.routes import StrictBody
from yabot.bus.dead_letters.letters import HIGHEST_ID, DeadLetter, LetterGroup, State
from yabot.bus.dead_letters.service import AT_ONCE
from yabot.events.envelope import Timestamp

Wanted = Annotated[
    list[Annotated[int, Field(ge=1, le=HIGHEST_ID, examples=[4])]],
    Field(min_length=1, max_length=AT_ONCE, description="ids of dead letters"),
]


class LetterGroupBody(Shown):
    """The letters of one subscriber that failed on one type of event with one code."""

    consumer: str
    event_type: str
    error_code: str
    letters: int = Field(description="how many")
    first_failed_at: Timestamp
    last_failed_at: Timestamp
    ids: list[int] = Field(description="the lowest of them")

    @classmethod
    def of(cls, group: LetterGroup) -> Self:
        return cls(**{name: getattr(group, name) for name in cls.model_fields})


class LetterGroups(Shown):
    groups: list[LetterGroupBody] = Field(description="the largest first")


class LetterBody(Shown):
    id: int
    state: State
    consumer: str
    group: str = Field(description="of subscribers, in which the consumer is")
    event_type: str
    event_id: str
    user_id: str | None
    correlation_id: str
    attempts: int
    error_code: str
    error: str
    note: str | None = Field(description="why it was discarded")
    first_failed_at: Timestamp
    last_failed_at: Timestamp


class LetterDetails(LetterBody):
    envelope: dict[str, Any] = Field(description="the event, as `/asyncapi.json` describes it")
    before: list[dict[str, Any]] = Field(
        description="what led to it, in order: the chain of its causes, and of the hour before it "
        "the last 200 events of its correlation"
    )


class RetryBody(StrictBody):
    ids: Wanted


class DiscardBody(StrictBody):
    ids: Wanted
    note: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"\S",
        description="why; it is kept with them",
        examples=["mended by hand"],
    )


class ChangedLetters(Shown):
    ids: list[int]


def facts(letter: DeadLetter) -> dict[str, Any]:
    """Of a LetterBody, in JSON's own types: as a redactor takes them."""
    event = letter.envelope
    return LetterBody(
        id=letter.id,
        state=letter.state,
        consumer=letter.consumer,
        group=letter.group,
        event_type=event.event_type,
        event_id=event.event_id,
        user_id=event.user_id,
        correlation_id=event.correlation_id,
        attempts=letter.attempts,
        error_code=letter.error_code,
        error=letter.error,
        note=letter.note,
        first_failed_at=letter.first_failed_at,
        last_failed_at=letter.last_failed_at,
    ).model_dump(mode="json")
