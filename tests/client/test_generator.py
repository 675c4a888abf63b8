"""The typed half of the client is what the document makes: no more, no less, and never of old."""

import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, get_type_hints

import pytest

from generate.document import codes_by_kind, read_operations
from generate.files import FOLDER, generated
from generate.schemas import NotUnderstood, annotation
from generate.types_file import types_file
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES
from yabot_client import types
from yabot_client.async_operations import AsyncOperations
from yabot_client.codes import CODES
from yabot_client.operations import Operations

# The whole document is built.
pytestmark = pytest.mark.standard

Json = dict[str, Any]
PERSON = {"$ref": "#/components/schemas/Person"}
NOTHING = {"type": "object", "nullable": True, "enum": [None]}


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi_document(FEATURES)


@pytest.mark.standard
def test_the_committed_files_are_those_that_the_document_makes() -> None:
    old = [name for name, text in generated().items() if (FOLDER / name).read_text() != text]
    assert old == [], "the API has changed: `make client` writes the client's files anew"


@pytest.mark.standard
def test_each_operation_has_a_method_in_both_clients(document: Json) -> None:
    operations = read_operations(document)
    assert len(operations) == len([*_operations(document)]) > 40
    for operation in operations:
        assert callable(getattr(Operations, operation.id))
        assert callable(getattr(AsyncOperations, operation.id))
    paged = {each.id for each in operations if each.item}
    assert paged == {each["operationId"] for each in _operations(document) if _is_paged(each)}


def test_each_type_needs_the_fields_that_its_schema_needs(document: Json) -> None:
    for name, schema in document["components"]["schemas"].items():
        if "properties" not in schema:
            continue
        kind = getattr(types, name)
        assert set(get_type_hints(kind)) == set(schema["properties"]), name
        assert kind.__required_keys__ == frozenset(schema.get("required", ())), name


def test_each_code_has_a_class(document: Json) -> None:
    codes = document["components"]["examples"]
    assert CODES.keys() == codes.keys()
    assert len(set(CODES.values())) == len(codes)


def test_what_every_operation_refuses_is_not_said_of_each(document: Json) -> None:
    common = codes_by_kind(read_operations(document))
    assert "token_missing" in common["every operation"]
    assert common["every change"] == {
        "answer_forgotten",
        "idempotency_key_reused",
        "outcome_unknown",
    }
    said = Operations.award_besitos.__doc__ or ""
    assert "UserUnknown" in said
    assert "TokenMissing" not in said


@pytest.mark.parametrize(
    ("schema", "answered", "sent"),
    [
        ({"type": "string"}, "str", "str"),
        ({"type": "string", "nullable": True}, "str | None", "str | None"),
        ({"type": "string", "format": "date-time"}, "str", "datetime | str"),
        ({"type": "string", "enum": ["a", "b"]}, "Literal['a', 'b']", "Literal['a', 'b']"),
        ({"type": "array", "items": {"type": "integer"}}, "list[int]", "Sequence[int]"),
        (
            {"type": "object", "additionalProperties": {"type": "array", "items": PERSON}},
            "dict[str, list[Person]]",
            "Mapping[str, Sequence[Person]]",
        ),
        ({"type": "object", "additionalProperties": True}, "dict[str, Any]", "Mapping[str, Any]"),
        ({"anyOf": [NOTHING, PERSON]}, "Person | None", "Person | None"),
        ({"allOf": [PERSON], "description": "x"}, "Person", "Person"),
        (
            {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]},
            "Literal['a', 'b']",
            "Literal['a', 'b']",
        ),
    ],
)
def test_a_schema_becomes_a_type(schema: Json, answered: str, sent: str) -> None:
    assert annotation(schema) == answered
    assert annotation(schema, given=True) == sent


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [PERSON, NOTHING]},
        {"type": "object", "properties": {"name": {"type": "string"}}},
        {},
    ],
)
def test_what_it_has_no_type_for_it_says(schema: Json) -> None:
    with pytest.raises(NotUnderstood, match=r"type for|needs a name"):
        annotation(schema)


def test_null_may_not_mean_something_else_than_nothing(document: Json) -> None:
    """The client leaves an argument out that is None; here that would send a default instead."""
    body = document["components"]["schemas"]["Registration"]
    named = {**body["properties"], "last_name": {**body["properties"]["last_name"], "default": "x"}}
    schemas = {**document["components"]["schemas"], "Registration": {**body, "properties": named}}
    changed = {**document, "components": {**document["components"], "schemas": schemas}}
    with pytest.raises(NotUnderstood, match="last_name"):
        read_operations(changed)


def test_a_field_may_be_named_as_python_names_nothing() -> None:
    field = {"type": "string"}
    module = _module(
        types_file(
            {
                "Gift": {"properties": {"from": field, "to": field}, "required": ["from"]},
                "Box": {"properties": {"gift": {"$ref": "#/components/schemas/Gift"}}},
            }
        )
    )
    assert module.Gift.__required_keys__ == {"from"}
    assert get_type_hints(module.Box) == {"gift": module.Gift}


def _module(text: str) -> Any:
    module = ModuleType("made")
    sys.modules["made"] = module
    try:
        exec(text, module.__dict__)
        get_type_hints(module.Box)
    finally:
        del sys.modules["made"]
    return module


def _operations(document: Mapping[str, Any]) -> list[Json]:
    return [operation for of_path in document["paths"].values() for operation in of_path.values()]


def _is_paged(operation: Json) -> bool:
    return "after" in {each["name"] for each in operation["parameters"]}
