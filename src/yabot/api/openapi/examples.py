"""Makes an example of a schema, for people."""

from typing import Any

Json = dict[str, Any]

_BY_FORMAT = {
    "date-time": "2026-11-28T09:30:00Z",
    "date": "2026-11-28",
    "uuid": "0190b8a4-6f4e-7c1a-9d5e-3b7f0c2a1d88",
}


def example_of(schema: Json, schemas: Json) -> Any:
    """By the schema's examples, defaults and alternatives; ``schemas`` are the components."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for word in ("example", "default"):
        if schema.get(word) is not None:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    for word in ("allOf", "anyOf", "oneOf"):
        if word in schema:
            return example_of(schema[word][0], schemas)
    return _of_type(schema, schemas)


def _of_type(schema: Json, schemas: Json) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, schemas)
        case "array":
            return [example_of(schema["items"], schemas)] if _has_items(schema) else []
        case "string":
            text = _BY_FORMAT.get(schema.get("format", ""), "text")
            return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case _:
            return None


def _object(schema: Json, schemas: Json) -> Json:
    properties = schema.get("properties", {})
    return {name: example_of(inner, schemas) for name, inner in properties.items()}


def _has_items(schema: Json) -> bool:
    return bool(schema.get("items")) and schema.get("maxItems", 1) > 0


def _number(schema: Json) -> int:
    """FastAPI writes all bounds as fractions."""
    lowest = int(schema.get("minimum", 0)) + bool(schema.get("exclusiveMinimum"))
    highest = int(schema.get("maximum", max(lowest, 1)))
    return min(max(lowest, 1), highest)
