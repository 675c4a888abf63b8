"""From a schema to the type that a reader of the code sees."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}


class NotUnderstood(Exception):
    """The document says something for which the generator knows no type."""


def annotation(schema: Schema, *, given: bool = False) -> str:
    """The type of what is answered, or of what is ``given`` as an argument: that may be of any
    kind that can be sent."""
    parts = _alternatives(schema, given)
    literals = [each for each in parts if each.startswith("Literal[")]
    if len(literals) > 1:
        values = ", ".join(each.removeprefix("Literal[").removesuffix("]") for each in literals)
        parts = [f"Literal[{values}]", *(each for each in parts if each not in literals)]
    # Each once, and None behind all others.
    parts = sorted(dict.fromkeys(parts), key=lambda each: each == "None")
    return " | ".join(parts)


def name_of(reference: str) -> str:
    return reference.rsplit("/", 1)[-1]


def references(schema: Schema) -> set[str]:
    """The names of all schemas that this one speaks of."""
    if "$ref" in schema:
        return {name_of(schema["$ref"])}
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ())]
    inner += [*schema.get("allOf", ()), schema.get("items"), schema.get("additionalProperties")]
    return set[str]().union(*(references(each) for each in inner if isinstance(each, Mapping)))


def _alternatives(schema: Schema, given: bool) -> list[str]:
    if "$ref" in schema:
        return [name_of(schema["$ref"])]
    if len(schema.get("allOf", ())) == 1:
        return _alternatives(schema["allOf"][0], given)
    if "anyOf" in schema:
        return [part for each in schema["anyOf"] for part in _alternatives(each, given)]
    if schema.get("enum") == [None]:
        return ["None"]
    nothing = ["None"] if schema.get("nullable") else []
    return [*_one(schema, given), *nothing]


def _one(schema: Schema, given: bool) -> list[str]:
    kind = schema.get("type")
    if "enum" in schema:
        values = ", ".join(repr(each) for each in schema["enum"] if each is not None)
        return [f"Literal[{values}]"]
    if kind == "array":
        outer = "Sequence" if given else "list"
        return [f"{outer}[{annotation(schema['items'], given=given)}]"]
    if kind == "object":
        outer = "Mapping" if given else "dict"
        return [f"{outer}[str, {_values(schema, given)}]"]
    if given and schema.get("format") == "date-time":
        return ["datetime", "str"]
    if kind in PLAIN:
        return [PLAIN[kind]]
    raise NotUnderstood(f"generate/schemas.py knows no type for {dict(schema)}.")


def _values(schema: Schema, given: bool) -> str:
    if schema.get("properties"):
        raise NotUnderstood(f"An object with fields needs a name in the document: {dict(schema)}.")
    values = schema.get("additionalProperties", True)
    return annotation(values, given=given) if isinstance(values, Mapping) else "Any"
