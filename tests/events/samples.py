"""Events of every type, as hypothesis makes them up."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from yabot.canonical import STORY_ID
from yabot.clock import utc_now
from yabot.events.envelope import Envelope, EventPayload
from yabot.features.narrative.events import ReactionDetected
from yabot.features.narrative.story.reactions import REACTIONS

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))


def envelope(event_type: str, payload: dict[str, Any], **others: Any) -> Envelope:
    return Envelope(
        event_id="1",
        event_type=event_type,
        timestamp=utc_now(),
        correlation_id="c",
        causation_id="c",
        payload=payload,
        **{"version": 1, **others},
    )


def payloads(kind: type[EventPayload]) -> st.SearchStrategy[Any]:
    """Whatever the fields' types take, and JSON can say."""
    finite = st.floats(allow_nan=False, allow_infinity=False)
    contexts = st.dictionaries(st.text(), st.text() | st.integers())
    by_type: dict[Any, st.SearchStrategy[Any]] = {float: finite, dict[str, Any]: contexts}
    given_fields = {
        name: by_type[field.annotation]
        for name, field in kind.model_fields.items()
        if field.annotation in by_type
    }
    if kind is ReactionDetected:
        given_fields |= {
            "content_id": st.from_regex(STORY_ID, fullmatch=True),
            "reaction_type": st.sampled_from(sorted(REACTIONS)),
        }
    return st.builds(kind, **given_fields)


@st.composite
def envelopes(draw: st.DrawFn, kind: type[EventPayload]) -> Envelope:
    payload = draw(payloads(kind)).model_dump(mode="json", exclude_none=True)
    user = {"user_id": st.text()}
    about = st.fixed_dictionaries(
        user if kind.needs_user else {},
        optional={"sequence": st.integers(1), "traceparent": st.text()}
        | ({} if kind.needs_user else user),
    )
    return envelope(kind.event_type, payload, version=kind.version, **draw(about))
