"""The events of the first release are a promise to whoever reads them."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.architecture.compatibility import broken_promises
from tests.architecture.freeze_events import FROZEN
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.events.envelope import Envelope

Json = dict[str, Any]


@pytest.fixture
def frozen() -> Json:
    loaded: Json = json.loads(FROZEN.read_text(encoding="utf-8"))
    return loaded


def test_no_promise_is_broken(frozen: Json) -> None:
    current = json.loads(json.dumps(build_catalog(FEATURES).schemas()))
    assert broken_promises(frozen, current) == []


@pytest.mark.criterion("2.2.4")
def test_the_envelope_keeps_its_fields() -> None:
    schema = Envelope.model_json_schema(mode="serialization")
    always = {"event_id", "event_type", "version", "timestamp", "correlation_id", "causation_id"}
    assert set(schema["required"]) >= {*always, "payload"}
    assert set(schema["properties"]) >= {*always, "payload", "user_id", "sequence", "traceparent"}


def _forget_a_type(catalog: Json) -> None:
    del catalog["decision_made"]


def _forget_a_field(catalog: Json) -> None:
    del catalog["decision_made"]["payload"]["properties"]["choice_id"]


def _change_a_type(catalog: Json) -> None:
    catalog["decision_made"]["payload"]["properties"]["choice_id"]["type"] = "integer"


def _no_longer_require(catalog: Json) -> None:
    catalog["decision_made"]["payload"]["required"].remove("choice_id")


def _require_more(catalog: Json) -> None:
    catalog["decision_made"]["payload"]["properties"]["mood"] = {"type": "string"}
    catalog["decision_made"]["payload"]["required"].append("mood")


def _change_inside(catalog: Json) -> None:
    context = catalog["decision_made"]["payload"]["$defs"]["DecisionContext"]
    del context["properties"]["next_fragment"]


def _rename_an_outcome(catalog: Json) -> None:
    outcome = catalog["operation_completed"]["payload"]["properties"]["outcome"]
    outcome["enum"] = ["good", *outcome["enum"][1:]]


@pytest.mark.parametrize(
    "change",
    [
        _forget_a_type,
        _forget_a_field,
        _change_a_type,
        _no_longer_require,
        _require_more,
        _change_inside,
        _rename_an_outcome,
    ],
)
def test_each_way_to_break_one_is_found(frozen: Json, change: Callable[[Json], None]) -> None:
    changed = copy.deepcopy(frozen)
    change(changed)
    assert broken_promises(frozen, changed) != []


def test_new_types_and_optional_fields_break_none(frozen: Json) -> None:
    grown = copy.deepcopy(frozen)
    grown["moon_risen"] = {"version": 1, "payload": {"type": "object", "required": ["phase"]}}
    grown["decision_made"]["payload"]["properties"]["mood"] = {"type": "string", "default": "calm"}
    assert broken_promises(frozen, grown) == []
