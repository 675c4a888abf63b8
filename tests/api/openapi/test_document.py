"""The document of all that is offered: it validates, is whole, and says the same in any order."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

from yabot.api.openapi.document import build_document
from yabot.api.operations.routes import Routes
from yabot.app.api import offered_on_paper
from yabot.app.features import FEATURES

# The whole document is built.
pytestmark = pytest.mark.standard

Json = dict[str, Any]


@pytest.fixture(scope="module")
def parts() -> list[Routes]:
    return offered_on_paper(FEATURES)


@pytest.fixture(scope="module")
def document(parts: list[Routes]) -> Json:
    return build_document(parts)


def operations(document: Json) -> Iterator[Json]:
    for item in document["paths"].values():
        yield from item.values()


def responses(document: Json, operation: Json) -> Iterator[tuple[str, Json]]:
    shared = document["components"]["responses"]
    for status, response in operation["responses"].items():
        yield status, shared.get(response.get("$ref", "").rpartition("/")[2], response)


def is_valid(document: Json, schema: Json, instance: Any) -> bool:
    whole = {**schema, "components": document["components"]}
    return bool(OAS30Validator(whole).is_valid(instance))


@pytest.mark.standard
def test_it_is_openapi_3_0_3_without_a_fault(document: Json) -> None:
    assert document["openapi"] == "3.0.3"
    assert [*OpenAPIV30SpecValidator(document).iter_errors()] == []


@pytest.mark.standard
def test_the_order_of_the_features_is_not_in_it(parts: list[Routes], document: Json) -> None:
    assert repr(build_document(parts[::-1])) == repr(document)


def test_every_operation_says_what_it_is_and_needs(document: Json) -> None:
    found = [*operations(document)]
    names = [operation["operationId"] for operation in found]
    assert len(names) == len(set(names))
    for operation in found:
        assert re.fullmatch("[a-z]+(_[a-z]+)+", operation["operationId"])
        assert re.fullmatch("[A-Z].{5,120}", operation["summary"]), operation["summary"]
        assert f"`{operation['x-required-scope']}`" in operation["description"]
    assert document["security"] == [{"token": []}]


def test_every_error_is_documented_with_its_codes(document: Json) -> None:
    for operation in operations(document):
        codes = {
            (status, code)
            for status, response in responses(document, operation)
            if status[0] in "45"
            for code in response["content"]["application/problem+json"]["examples"]
        }
        assert codes >= {
            ("400", "malformed_request"),
            ("401", "token_missing"),
            ("401", "token_expired"),
            ("403", "scope_missing"),
            ("422", "invalid_request"),
            ("429", "quota_exceeded"),
            ("500", "internal_error"),
            ("503", "store_unavailable"),
        }
        has_body = "requestBody" in operation
        assert (("400", "body_malformed") in codes) == has_body
        assert (("413", "body_too_large") in codes) == has_body
        assert (("415", "media_type_unsupported") in codes) == has_body


def test_every_code_has_one_status(document: Json) -> None:
    examples = document["components"]["examples"]
    for operation in operations(document):
        for status, response in responses(document, operation):
            content = response.get("content", {}).get("application/problem+json", {})
            for code in content.get("examples", {}):
                assert str(examples[code]["value"]["status"]) == status


def test_examples_are_what_they_are_examples_of(document: Json) -> None:
    """Who adds a pattern adds an example to the field, or nobody knows what to send."""
    for operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            for content in body.get("content", {}).values():
                if "example" in content:
                    told = f"{operation['operationId']}: {content['example']}"
                    assert is_valid(document, content["schema"], content["example"]), told
    problem = {"$ref": "#/components/schemas/Problem"}
    for example in document["components"]["examples"].values():
        assert is_valid(document, problem, example["value"])


def test_changes_take_a_key_and_reads_take_none(document: Json) -> None:
    for item in document["paths"].values():
        for method, operation in item.items():
            keys = [each for each in operation["parameters"] if each["name"] == "Idempotency-Key"]
            assert [each["required"] for each in keys] == (
                {"get": [], "post": [True]}.get(method, [False])
            )


def test_an_answer_has_all_its_fields_and_a_body_those_without_a_default(document: Json) -> None:
    schemas = document["components"]["schemas"]
    context = schemas["UserContext"]
    assert {*context["required"]} == {*context["properties"]}
    assert "current_state" in context["required"]
    assert schemas["Problem"]["required"] == [
        *("type", "title", "status", "code", "detail", "correlation_id")
    ]
    assert "language_code" not in schemas["Registration"]["required"]
    assert schemas["Registration"]["additionalProperties"] is False
    assert "additionalProperties" not in schemas["Preferences"]


def test_no_two_models_share_a_name(document: Json) -> None:
    """pydantic would tell them apart by their modules, and clients would be named after those."""
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_a_page_that_its_readers_do_not_have_is_placed(document: Json) -> None:
    words = " ".join(json.dumps(document).replace("\\n", " ").split())
    pages = re.findall(r"(.{0,23})docs/[a-z-]+\.md", words)
    assert pages
    assert {before.lower() for before in pages} == {"in yabot's repository, "}
