"""The one list of event types."""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.events.samples import envelope, payloads
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.errors import ConfigurationError, InvalidInput, StartupError
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope, EventPayload
from yabot.events.operations import OperationCompleted, UserInteraction

CATALOG = build_catalog(FEATURES)


@pytest.mark.parametrize("kind", tuple(CATALOG), ids=lambda kind: kind.event_type)
@given(data=st.data())
def test_a_payload_comes_back_from_its_envelope_as_it_was(
    kind: type[EventPayload], data: st.DataObject
) -> None:
    payload = data.draw(payloads(kind))
    payload_json = payload.model_dump(mode="json", exclude_none=True)
    told = envelope(kind.event_type, payload_json, user_id="7")
    assert CATALOG.payload_of(Envelope.model_validate_json(told.to_json())) == payload


def test_a_payload_that_does_not_fit_cannot_be_made() -> None:
    with pytest.raises(ValidationError):
        OperationCompleted(operation="start", outcome="perhaps", duration_ms=1.0)  # type: ignore[arg-type]
    with pytest.raises(ValidationError):
        UserInteraction(action="start", colour="red")  # type: ignore[call-arg]


def test_a_received_payload_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValidationError):
        CATALOG.payload_of(envelope("user_interaction", {"context": {}}))


def test_a_received_type_that_nobody_declared_is_refused() -> None:
    with pytest.raises(InvalidInput, match="there is none of this name in the catalog"):
        CATALOG.payload_of(envelope("moon_phase_changed", {}))


def test_a_type_that_is_always_about_a_user_needs_one() -> None:
    payload = {"content_id": "gate", "reaction_type": "❤"}
    with pytest.raises(InvalidInput, match="user_id: reaction_detected is about a user"):
        CATALOG.payload_of(envelope("reaction_detected", payload))


class Greeting(EventPayload):
    event_type: ClassVar[str] = "greeting"


class OtherGreeting(EventPayload):
    event_type: ClassVar[str] = "greeting"


def test_two_features_cannot_declare_one_type() -> None:
    with pytest.raises(StartupError, match=r"'greeting' is declared by both Greeting and OtherG"):
        Catalog([Greeting, OtherGreeting])


@pytest.mark.parametrize(
    "name", ["daily_gift.taken", "DailyGiftTaken", "daily-gift", "gift taken", "_gift", "gift_", ""]
)
def test_a_type_is_named_in_snake_case(name: str) -> None:
    kind = type("Taken", (EventPayload,), {"event_type": name})
    said = rf"^event type '{name}' of Taken: a type is named in small letters, digits and undersc"
    with pytest.raises(StartupError, match=said):
        Catalog([kind])


def test_a_type_may_be_listed_twice() -> None:
    assert Catalog([Greeting, Greeting]).names == ("greeting",)


def test_the_types_that_readers_cause_are_in_it() -> None:
    assert {
        "user_interaction",
        "reaction_detected",
        "decision_made",
        "user_registered",
        "user_updated",
        "user_deleted",
        "operation_completed",
        "narrative_hint_unlocked",
        "vip_access_granted",
        "vip_access_denied",
    } <= set(CATALOG.names)


def test_only_known_types_can_be_named_for_other_services() -> None:
    with pytest.raises(ConfigurationError, match="INBOUND_EVENT_TYPES: there is no event type x;"):
        build_catalog(FEATURES, ["reaction_detected", "x"])
