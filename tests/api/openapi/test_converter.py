"""The same instances are valid by what pydantic writes and by what OpenAPI 3.0.3 makes of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from fastapi.openapi.utils import get_openapi
from jsonschema import Draft202012Validator
from openapi_schema_validator import OAS30Validator
from pydantic import BaseModel, Field, JsonValue
from pydantic.json_schema import models_json_schema

from yabot.api.openapi.converter import converted, plain_name
from yabot.app.api import offered_on_paper
from yabot.app.features import FEATURES

Json = dict[str, Any]


class Circle(BaseModel, extra="forbid"):
    kind: Literal["circle"]
    radius: Annotated[float, Field(gt=0, lt=10)]


class Square(BaseModel, extra="forbid"):
    kind: Literal["square"]
    side: Annotated[int, Field(ge=1, le=5)]


class Everything(BaseModel, extra="forbid"):
    """Whatever a model of ours may hold."""

    name: Annotated[str, Field(pattern="^[a-z]+$", max_length=5, examples=["moon"])]
    size: int | None
    nick: Annotated[str, Field(max_length=3)] | None = None
    mood: Literal["calm", "wild"] | None = None
    only: Literal["this"] = "this"
    mixed: int | str | None = None
    shape: Annotated[Circle | Square, Field(discriminator="kind")]
    other: Circle | None = Field(default=None, description="or none")
    described: Square = Field(description="beside a reference")
    many: Annotated[list[Square | None], Field(max_length=2)] = []
    by_name: dict[str, int | None] = {}
    by_word: dict[Annotated[str, Field(pattern="^[a-z]+$")], Circle] = {}
    anything: JsonValue = None
    at: datetime | None = None
    nothing: None = None


VALID = {
    "name": "moon",
    "size": 1,
    "shape": {"kind": "circle", "radius": 1.5},
    "described": {"kind": "square", "side": 2},
}
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 5, 6, 10, -1, 0.5, "", "this", "calm", "moon", "MOON", "long"),
    *({}, [], [None], [{}], {"a": 1}, {"a": None}, {"a": {}}),
    *({"kind": "circle", "radius": 0}, {"kind": "circle", "radius": 9.5}),
    *({"kind": "square", "side": 5}, {"kind": "square", "side": 6}, {"kind": "star"}),
    *([{"kind": "square", "side": 1}] * 2, [{"kind": "square", "side": 1}] * 1),
    *({"a": {"kind": "circle", "radius": 1}},),
)


def variants(base: Json, fields: list[str]) -> Iterator[Any]:
    yield base
    yield from VALUES
    for field in (*fields, "unknown"):
        yield {name: value for name, value in base.items() if name != field}
        for value in VALUES:
            yield {**base, field: value}


def same_verdicts(
    name: str, old: Json, new: Json, base: Json, components: tuple[Json, Json]
) -> None:
    before = Draft202012Validator({**old[name], "components": {"schemas": components[0]}})
    after = OAS30Validator({**new[plain_name(name)], "components": {"schemas": components[1]}})
    for instance in variants(base, [*old[name].get("properties", {})]):
        assert before.is_valid(instance) == after.is_valid(instance), (name, instance)


def test_everything_keeps_its_meaning() -> None:
    _, schemas = models_json_schema(
        [(Everything, "validation")], ref_template="#/components/schemas/{model}"
    )
    old = schemas["$defs"]
    new = {name: converted(schema) for name, schema in old.items()}
    assert OAS30Validator({**new["Everything"], "components": {"schemas": new}}).is_valid(VALID)
    same_verdicts("Everything", old, new, VALID, (old, new))


@pytest.mark.slow
def test_every_schema_of_ours_keeps_its_meaning() -> None:
    parts = offered_on_paper(FEATURES)
    routes = [route for part in parts for route in part.router.routes]
    old = get_openapi(title="", version="", routes=routes)["components"]["schemas"]
    new = {plain_name(name): converted(schema) for name, schema in old.items()}
    for name in old.keys() - {"HTTPValidationError", "ValidationError"}:
        base = dict.fromkeys(old[name].get("required", ()))
        same_verdicts(name, old, new, base, (old, new))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "prefixItems": [{"type": "string"}]},
        {"type": ["string", "null"]},
        {"if": {"type": "string"}},
    ],
)
def test_what_cannot_be_said_is_refused(schema: Json) -> None:
    with pytest.raises(ValueError, match=r"OpenAPI 3\.0 cannot say"):
        converted({"anyOf": [{"properties": {"x": schema}}]})


def test_words_for_people_come_along() -> None:
    shown = converted(Everything.model_json_schema()["properties"]["name"])
    assert shown == {"type": "string", "pattern": "^[a-z]+$", "maxLength": 5, "example": "moon"}
    beside = converted({"$ref": "#/components/schemas/X", "description": "``x``"})
    assert beside == {"allOf": [{"$ref": "#/components/schemas/X"}], "description": "`x`"}
