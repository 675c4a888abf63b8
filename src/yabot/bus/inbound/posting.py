"""Events that other services post: stored before they are acknowledged, and taken in from there."""

from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response

from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import Problem
from yabot.api.answering.shown import Shown
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import USER_ID
from yabot.api.operations.requests import Change, PostingAnew
from yabot.api.operations.routes import Routes, StrictBody
from yabot.bus.inbound import posted
from yabot.bus.inbound.reading import EVENT_TYPE, ID, read_event
from yabot.bus.inbound.sources import Entry
from yabot.errors import InvalidInput
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork

MOST_AT_ONCE = 100

EVENT_REFUSED = Problem(
    422,
    "event_refused",
    "The event breaks a rule of its type, or is of a type that other services may not send.",
)

UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"
EventId = Annotated[
    str,
    Field(
        pattern=UUID,
        examples=["01935c1e-6f0a-7cc1-9d7e-5b1c2f3a4d5e"],
        description="a UUID; an event takes effect once, however often it is sent",
    ),
]
Id = Annotated[str, Field(pattern=f"^{ID.pattern}$", examples=["web:81"])]


class PostedEvent(StrictBody):
    """The envelope of an event, with the payload of its type: /asyncapi.json describes them."""

    event_id: EventId
    event_type: Annotated[
        str, Field(pattern=f"^{EVENT_TYPE.pattern}$", examples=["reaction_detected"])
    ]
    version: Annotated[int, Field(ge=1, le=1000, description="of the payload")]
    timestamp: Annotated[
        str,
        Field(
            pattern=RFC3339,
            examples=["2026-11-22T18:00:00.000000Z"],
            description="when it happened, with its time zone; at most five minutes ahead",
        ),
    ]
    user_id: Annotated[str, Field(pattern=USER_ID, examples=["123456789"])] | None = Field(
        None, description="whom it is about"
    )
    correlation_id: Id = Field(description="the same for all that one cause set going")
    causation_id: Id = Field(description="the event_id of the event that it came of, if any")
    payload: Annotated[
        dict[str, Any],
        Field(max_length=100, examples=[{"content_id": "gate", "reaction_type": "❤"}]),
    ]
    traceparent: Id | None = Field(None, description="W3C trace context")

    def read(self, catalog: Catalog) -> Envelope:
        """As it will stand in the log. Raises InvalidInput."""
        text = self.model_dump_json(exclude_none=True)
        return read_event(Entry(self.event_id, text.encode(), "posted"), catalog)


class EventAccepted(Shown):
    """An event that takes effect soon, in its order among others."""

    event_id: EventId


class EventBatch(StrictBody):
    """Several events, of which each is accepted or refused for itself."""

    events: Annotated[list[PostedEvent], Field(min_length=1, max_length=MOST_AT_ONCE)]


class EventOutcome(Shown):
    """What became of one of several events."""

    event_id: EventId
    outcome: Literal["accepted", "refused"]
    reason: str | None = Field(description="why it was refused; null when it was accepted")


class EventOutcomes(Shown):
    """What became of several events, in the order in which they were sent."""

    outcomes: list[EventOutcome]


def offer_posting(routes: Routes, catalog: Catalog, door: Door) -> None:
    @routes.post(
        "/events", needs="events:write", gives=EventAccepted, status=202, refuses=[EVENT_REFUSED]
    )
    async def post_event(body: PostedEvent, change: PostingAnew) -> Response:
        """Tell of something that happened elsewhere.

        It is stored when you have the answer, and takes effect soon after, ordered by its
        `timestamp` and behind its causes; Redis and the workers may be away meanwhile. Which types
        are taken, `INBOUND_EVENT_TYPES` says.
        """

        async def decide(work: UnitOfWork) -> Answer:
            try:
                _accept(work, body, change, catalog)
            except InvalidInput as error:
                raise EVENT_REFUSED.refuse(str(error)) from error
            return Answer.of(EventAccepted(event_id=body.event_id), 202)

        return await door.change(change, decide, body.user_id)

    @routes.post("/events/batch", needs="events:write", gives=EventOutcomes, status=202)
    async def post_events(body: EventBatch, change: PostingAnew) -> Response:
        """Tell of several things that happened elsewhere.

        All that are accepted are stored together. Those that are refused can be sent again, mended,
        under another key.
        """

        async def decide(work: UnitOfWork) -> Answer:
            outcomes = [_outcome(work, event, change, catalog) for event in body.events]
            return Answer.of(EventOutcomes(outcomes=outcomes), 202)

        return await door.change(change, decide)


def _outcome(
    work: UnitOfWork, event: PostedEvent, change: Change, catalog: Catalog
) -> EventOutcome:
    try:
        _accept(work, event, change, catalog)
    except InvalidInput as error:
        return EventOutcome(event_id=event.event_id, outcome="refused", reason=str(error))
    return EventOutcome(event_id=event.event_id, outcome="accepted", reason=None)


def _accept(work: UnitOfWork, event: PostedEvent, change: Change, catalog: Catalog) -> None:
    """Raises InvalidInput."""
    envelope = event.read(catalog)
    work.add(posted.keep(envelope, change.caller.service))
    told = {
        "by": change.by,
        "event_id": envelope.event_id,
        "event_type": envelope.event_type,
        "cause_id": change.cause_id,
    }
    work.add(audited("event_posted", told, envelope.user_id))
