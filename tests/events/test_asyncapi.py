"""The AsyncAPI document is valid, complete, and true of the events themselves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tests.e2e.programs import NewProgram
from tests.events.samples import envelope, envelopes
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.bus.inbound.reading import AHEAD, MOST_BYTES
from yabot.bus.inbound.stream import INBOUND
from yabot.bus.streams import stream_name
from yabot.events.asyncapi import asyncapi_document
from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope, EventPayload

# The whole document is built, for each event.
pytestmark = pytest.mark.standard

CATALOG = build_catalog(FEATURES)
DOCUMENT = asyncapi_document(CATALOG, 16)
# The schema that AsyncAPI's makers publish.
OFFICIAL = Path(__file__).with_name("asyncapi") / "3.0.0.json"
VALIDATOR = Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))
Json = dict[str, Any]


class Moved(EventPayload):
    """Somebody lives elsewhere."""

    event_type: ClassVar[str] = "moved"
    version: ClassVar[int] = 3

    town: str
    street: str | None = None


MOVED = asyncapi_document(Catalog([Moved]), 2)


def mistakes(document: Json) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def follow(document: Json, reference: str) -> Any:
    """Raises KeyError when it leads nowhere."""
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return found


def fits(document: Json, channel: str, told: Envelope) -> bool:
    """Whether a consumer of ``channel`` who believes the document takes the event."""
    messages = document["channels"][channel]["messages"]
    payload = f"{messages[told.event_type]['$ref']}/payload"
    schema = {"$ref": payload, "components": document["components"]}
    return Draft7Validator(schema).is_valid(json.loads(told.to_json()))


def test_the_document_is_valid() -> None:
    assert mistakes(DOCUMENT) == []


@pytest.mark.standard
def test_what_is_not_valid_would_be_found() -> None:
    shouting = {"shout": {"action": "shout", "channel": {"$ref": "#/channels/events_stream"}}}
    assert mistakes({**DOCUMENT, "operations": shouting})
    assert mistakes({**DOCUMENT, "servers": {"redis": {"host": "localhost"}}})


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 2 * len(CATALOG.names)
    for reference in found:
        follow(DOCUMENT, reference)


@pytest.mark.parametrize("kind", tuple(CATALOG), ids=lambda kind: kind.event_type)
@given(data=st.data())
def test_an_event_is_as_the_document_says(kind: type[EventPayload], data: st.DataObject) -> None:
    told = data.draw(envelopes(kind))
    for channel in (kind.event_type, "events_stream"):
        assert fits(DOCUMENT, channel, told)


@pytest.mark.parametrize(
    ("payload", "others", "right"),
    [
        ({"town": "Quito"}, {}, True),
        ({"town": "Quito", "street": "Sol"}, {"user_id": "7", "sequence": 1}, True),
        ({"town": "Quito", "since": "May"}, {}, True),
        ({"town": "Quito", "street": None}, {}, False),
        ({"street": "Sol"}, {}, False),
        ({"town": 3}, {}, False),
        ({"town": "Quito"}, {"version": 2}, False),
    ],
)
def test_the_document_tells_events_from_others(payload: Json, others: Json, right: bool) -> None:
    told = envelope("moved", payload, **{"version": 3, **others})
    assert fits(MOVED, "moved", told) is right


def test_the_document_says_which_events_are_always_about_a_user() -> None:
    payload = {"content_id": "gate", "reaction_type": "❤"}
    assert fits(DOCUMENT, "inbound_stream", envelope("reaction_detected", payload, user_id="7"))
    assert not fits(DOCUMENT, "inbound_stream", envelope("reaction_detected", payload))


def test_an_event_on_a_channel_that_is_not_its_own_does_not_fit() -> None:
    payload = follow(MOVED, "#/channels/moved/messages/moved/$ref") + "/payload"
    other = json.loads(envelope("stayed", {"town": "Quito"}, version=3).to_json())
    schema = {"$ref": payload, "components": MOVED["components"]}
    assert not Draft7Validator(schema).is_valid(other)


def test_every_type_has_a_channel_and_is_on_the_streams() -> None:
    streams = ("events_stream", "inbound_stream")
    channels = DOCUMENT["channels"]
    assert set(channels) == {*CATALOG.names, *streams}
    for name in CATALOG.names:
        assert (channels[name]["address"], list(channels[name]["messages"])) == (name, [name])
    for stream in streams:
        assert set(channels[stream]["messages"]) == set(CATALOG.names)


def test_the_streams_have_the_names_of_the_bus() -> None:
    stream = DOCUMENT["channels"]["events_stream"]
    names = [
        stream["address"].replace("{partition}", value)
        for value in stream["parameters"]["partition"]["enum"]
    ]
    assert names == [stream_name(number) for number in range(16)]
    assert DOCUMENT["channels"]["inbound_stream"]["address"] == INBOUND


def test_the_inbound_stream_says_what_it_takes() -> None:
    told = DOCUMENT["channels"]["inbound_stream"]["description"]
    assert "those that its INBOUND_EVENT_TYPES names, none until then" in told
    assert f"at most {MOST_BYTES // 1024} KiB" in told
    assert "at most five minutes ahead" in told
    assert AHEAD.total_seconds() == 5 * 60


@pytest.mark.parametrize("named", [[], ["user_deleted", "reaction_detected"]])
def test_the_inbound_stream_lists_what_other_services_may_send(named: list[str]) -> None:
    document = asyncapi_document(build_catalog(FEATURES, named), 16)
    assert [*document["channels"]["inbound_stream"]["messages"]] == sorted(named)
    assert document["channels"]["events_stream"] == DOCUMENT["channels"]["events_stream"]
    assert mistakes(document) == []


def test_the_envelope_promises_only_what_holds_beside_other_services() -> None:
    """Theirs have any UUID, no `sequence`, and the clock of whoever wrote them."""
    fields = DOCUMENT["components"]["schemas"]["Envelope"]["properties"]
    assert "of version 7 where YABOT made it" in fields["event_id"]["description"]
    for name in ("timestamp", "sequence"):
        assert "YABOT's own events" in fields[name]["description"]


def test_yabot_sends_all_and_receives_what_other_services_send() -> None:
    by_action: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in DOCUMENT["operations"].values():
        by_action[operation["action"]].add(operation["channel"]["$ref"].rpartition("/")[2])
    assert by_action == {
        "send": {*CATALOG.names, "events_stream"},
        "receive": {"inbound_stream"},
    }


def test_the_command_prints_it_and_nothing_secret(new_program: NewProgram) -> None:
    printing = new_program("events", "asyncapi")
    printing.settings = {
        "BUS_PARTITIONS": "3",
        "INBOUND_EVENT_TYPES": "reaction_detected",
        "REDIS_URL": "redis://:hush-hush@redis.example:6379",
    }
    assert printing.run() == 0
    assert json.loads(printing.said) == asyncapi_document(
        build_catalog(FEATURES, ["reaction_detected"]), 3
    )
