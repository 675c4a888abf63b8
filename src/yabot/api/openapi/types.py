"""Describes the type of a schema in a few words, for people."""

from html import escape
from typing import Any

Json = dict[str, Any]

_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "pattern": "pattern {}",
    "default": "default {}",
}


def type_of(schema: Json) -> str:
    """The type as HTML, with a link for each named schema."""
    told = _told(schema)
    return f"{told} or null" if schema.get("nullable") and "enum" not in schema else told


def _told(schema: Json) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "enum" in schema:
        return " or ".join(_value(value) for value in schema["enum"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            return " or ".join(type_of(each) for each in schema[word])
    match schema.get("type"):
        case "array":
            return f"list of {type_of(schema.get('items', {}))}"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return f"object of {type_of(schema['additionalProperties'])}"
        case None:
            return "any JSON"
        case kind:
            return escape(" ".join(filter(None, (kind, schema.get("format", "")))))


def _value(value: object) -> str:
    return "null" if value is None else f"<code>{escape(str(value))}</code>"


def type_with_limits(schema: Json) -> str:
    limits = _limits(schema)
    told = f" <small>{escape(limits)}</small>" if limits else ""
    return f"<span class=type>{type_of(schema)}</span>{told}"


def _limits(schema: Json) -> str:
    """The limits as plain text; empty if there are none."""
    said = [text.format(schema[word]) for word, text in _LIMITS.items() if _is_told(schema, word)]
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        said.insert(0, f"{'more than' if schema.get('exclusiveMinimum') else 'at least'} {low}")
    if high is not None:
        said.insert(1, f"{'less than' if schema.get('exclusiveMaximum') else 'at most'} {high}")
    return ", ".join(said)


def _is_told(schema: Json, word: str) -> bool:
    return schema.get(word) is not None and schema[word] != []
