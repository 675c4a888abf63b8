"""The API of the first release is a promise to whoever calls it."""

import copy
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.architecture.api_compatibility import broken_promises
from tests.architecture.freeze_api import FROZEN
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES
from yabot.clock import utc_now

Json = dict[str, Any]
Change = Callable[[Json], object]
TODAY = date(2026, 11, 28)


@pytest.mark.standard
@pytest.mark.criterion("4.1.5")
def test_no_promise_is_broken() -> None:
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    current = json.loads(json.dumps(openapi_document(FEATURES)))
    assert broken_promises(frozen, current, utc_now().date()) == []


def _response(schema: Json, *codes: str) -> Json:
    content = {"schema": schema, "examples": {code: {} for code in codes}}
    return {"headers": {"ETag": {}}, "content": {"application/json": content}}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


PET = {
    "type": "object",
    "required": ["id", "kind"],
    "properties": {
        "id": {"type": "integer", "minimum": 1, "maximum": 100},
        "kind": {"type": "string", "enum": ["cat", "dog"]},
        "name": {"type": "string", "nullable": True, "maxLength": 10},
        "tags": {"type": "array", "maxItems": 3, "items": {"type": "string", "pattern": "^[a-z]$"}},
        "owner": {"anyOf": [_ref("Owner"), {"type": "string"}]},
    },
}
NEW_PET = {**copy.deepcopy(PET), "additionalProperties": False}
OWNER = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
BEFORE: Json = {
    "openapi": "3.0.3",
    "security": [{"token": []}],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "list_pets",
                "x-required-scope": "pets:read",
                "parameters": [
                    {
                        "name": "limit",
                        "in": "query",
                        "required": False,
                        "schema": {"type": "integer", "maximum": 200, "default": 50},
                    },
                    {"name": "kind", "in": "query", "schema": {"type": "string"}},
                ],
                "responses": {"200": _response({"type": "array", "items": _ref("Pet")})},
            },
            "post": {
                "operationId": "add_pet",
                "x-required-scope": "pets:write",
                "parameters": [],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _ref("NewPet")}},
                },
                "responses": {
                    "201": _response(_ref("Pet")),
                    "409": _response({"type": "object"}, "pet_exists", "pet_unwanted"),
                },
            },
        },
        "/old": {
            "get": {
                "operationId": "get_old",
                "deprecated": True,
                "x-sunset": "2026-11-27",
                "responses": {"200": _response(_ref("Pet"))},
            }
        },
    },
    "components": {
        "schemas": {"Pet": PET, "NewPet": NEW_PET, "Owner": OWNER},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
}


def at(document: Json, path: str) -> Any:
    """What lies there: ``/`` parts the steps, ``~`` stands for a slash in one."""
    found: Any = document
    for step in path.split("/"):
        found = found[int(step) if isinstance(found, list) else step.replace("~", "/")]
    return found


def put(path: str, **fields: Any) -> Change:
    return lambda document: at(document, path).update(fields)


def drop(path: str, name: str) -> Change:
    return lambda document: at(document, path).pop(name)


def add(path: str, *values: Any) -> Change:
    return lambda document: at(document, path).extend(values)


def remove(path: str, value: Any) -> Change:
    return lambda document: at(document, path).remove(value)


LIST, ADD = "paths/~pets/get", "paths/~pets/post"
READ, SENT = "components/schemas/Pet", "components/schemas/NewPet"
EXISTS = f"{ADD}/responses/409/content/application~json/examples"
NEEDED = {"name": "mood", "in": "query", "required": True, "schema": {"type": "string"}}

BREAKING = {
    "a path is gone": drop("paths", "/pets"),
    "an operation is gone": drop("paths/~pets", "post"),
    "an operation has another name": put(LIST, operationId="get_pets"),
    "another scope": put(LIST, **{"x-required-scope": "admin"}),
    "another authentication": put("components/securitySchemes/token", scheme="basic"),
    "a second authentication": put(LIST, security=[{"token": [], "certificate": []}]),
    "a parameter is gone": lambda document: at(document, f"{LIST}/parameters").pop(),
    "a parameter is needed": put(f"{LIST}/parameters/1", required=True),
    "a new parameter is needed": add(f"{LIST}/parameters", NEEDED),
    "a new header is needed": add(f"{ADD}/parameters", {**NEEDED, "in": "header"}),
    "a parameter's bound is narrower": put(f"{LIST}/parameters/0/schema", maximum=100),
    "a parameter has a default of another value": put(f"{LIST}/parameters/0/schema", default=20),
    "a parameter has a pattern": put(f"{LIST}/parameters/1/schema", pattern="^[a-z]+$"),
    "a parameter has fixed values": put(f"{LIST}/parameters/1/schema", enum=["cat"]),
    "a body is needed": put(LIST, requestBody={"required": True, "content": {}}),
    "a body is taken no more": drop(ADD, "requestBody"),
    "a field is needed": add(f"{SENT}/required", "name"),
    "a new field is needed": lambda document: (
        at(document, f"{SENT}/required").append("mood"),
        at(document, f"{SENT}/properties").update(mood={"type": "string"}),
    ),
    "a field is taken no more": drop(f"{SENT}/properties", "tags"),
    "a value is taken no more": remove(f"{SENT}/properties/kind/enum", "dog"),
    "null is taken no more": drop(f"{SENT}/properties/name", "nullable"),
    "a length is bounded": put(f"{SENT}/properties/tags/items", maxLength=1),
    "a bound is narrower": put(f"{SENT}/properties/id", minimum=2),
    "a bound leaves itself out": put(f"{SENT}/properties/id", exclusiveMaximum=True),
    "a pattern is another": put(f"{SENT}/properties/tags/items", pattern="^[a-c]$"),
    "another type is taken": put(f"{SENT}/properties/id", type="string"),
    "an alternative is taken no more": lambda document: at(
        document, f"{SENT}/properties/owner/anyOf"
    ).pop(),
    "an answer's field is gone": drop(f"{READ}/properties", "tags"),
    "an answer's field may be missing": remove(f"{READ}/required", "kind"),
    "an answer has a new value": add(f"{READ}/properties/kind/enum", "bird"),
    "an answer has any value": drop(f"{READ}/properties/kind", "enum"),
    "an answer may be null": put(f"{READ}/properties/id", nullable=True),
    "an answer has a wider bound": put(f"{READ}/properties/id", maximum=1000),
    "an answer has no bound": drop(f"{READ}/properties/name", "maxLength"),
    "an answer has another type": put(f"{READ}/properties/id", type="number"),
    "an answer has another alternative": add(f"{READ}/properties/owner/anyOf", {"type": "boolean"}),
    "a success has another status": put(f"{ADD}/responses", **{"202": _response(_ref("Pet"))}),
    "a status is gone": drop(f"{ADD}/responses", "409"),
    "a code is gone": drop(EXISTS, "pet_exists"),
    "a header is gone": drop(f"{LIST}/responses/200/headers", "ETag"),
    "an answer is no JSON": lambda document: at(document, f"{LIST}/responses/200").update(
        content={"text/csv": {"schema": {}}}
    ),
}

HARMLESS = {
    "nothing": lambda _document: None,
    "a path is new": put("paths", **{"/birds": {}}),
    "an operation is new": put("paths/~pets", delete={"operationId": "drop", "responses": {}}),
    "a parameter is new": add(f"{LIST}/parameters", {**NEEDED, "required": False}),
    "a parameter's bound is wider": put(f"{LIST}/parameters/0/schema", maximum=500),
    "a field may be sent": put(f"{SENT}/properties", mood={"type": "string"}),
    "a field need not be sent": remove(f"{SENT}/required", "kind"),
    "a value may be sent": add(f"{SENT}/properties/kind/enum", "bird"),
    "null may be sent": put(f"{SENT}/properties/id", nullable=True),
    "any number may be sent": put(f"{SENT}/properties/id", type="number"),
    "a pattern is gone from what is sent": drop(f"{SENT}/properties/tags/items", "pattern"),
    "another alternative may be sent": add(f"{SENT}/properties/owner/anyOf", {"type": "boolean"}),
    "an answer has a new field": put(f"{READ}/properties", mood={"type": "string"}),
    "an answer's new field is always there": lambda document: (
        at(document, f"{READ}/required").append("mood"),
        at(document, f"{READ}/properties").update(mood={"type": "string"}),
    ),
    "an answer's field is always there": add(f"{READ}/required", "name"),
    "an answer is never null": drop(f"{READ}/properties/name", "nullable"),
    "an answer has fewer values": remove(f"{READ}/properties/kind/enum", "dog"),
    "an answer has a narrower bound": put(f"{READ}/properties/id", maximum=10),
    "a code is new": put(EXISTS, pet_tired={}),
    "a status is new": put(f"{ADD}/responses", **{"429": _response({"type": "object"}, "slow")}),
    "a header is new": put(f"{LIST}/responses/200/headers", Age={}),
    "words for people": put(READ, description="A pet.", title="Pet"),
    "an operation is deprecated": put(LIST, deprecated=True, **{"x-sunset": "2027-11-28"}),
    "what was announced to go is gone": drop("paths", "/old"),
}


def broken_by(change: Change) -> list[str]:
    changed = copy.deepcopy(BEFORE)
    change(changed)
    return broken_promises(BEFORE, changed, TODAY)


@pytest.mark.parametrize("change", BREAKING.values(), ids=BREAKING)
def test_each_way_to_break_clients_is_found(change: Change) -> None:
    assert broken_by(change) != []


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_breaks_nobody_is_let_through(change: Change) -> None:
    assert broken_by(change) == []


def test_what_goes_stays_until_its_day() -> None:
    changed = copy.deepcopy(BEFORE)
    del changed["paths"]["/old"]
    assert broken_promises(BEFORE, changed, date(2026, 11, 27)) == ["GET /old: is gone"]
    earlier = copy.deepcopy(BEFORE)
    earlier["paths"]["/old"]["get"]["x-sunset"] = "2026-11-26"
    assert broken_promises(BEFORE, earlier, TODAY) == ["GET /old: goes earlier than announced"]
