"""From a pydantic model to MongoDB's ``$jsonSchema``, which is draft 4 with BSON types.

https://www.mongodb.com/docs/manual/reference/operator/query/jsonSchema/
"""

from typing import Any

from pydantic import BaseModel

BSON_TYPES: dict[str, str | list[str]] = {
    "string": "string",
    "integer": ["int", "long"],
    "number": ["int", "long", "double"],
    "boolean": "bool",
    "null": "null",
    "object": "object",
    "array": "array",
}
KEPT = {
    "required",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "maxProperties",
}
NESTED_LISTS = {"anyOf", "allOf", "oneOf"}
NESTED_MAPS = {"properties", "patternProperties"}

Schema = dict[str, Any]


def mongo_schema(model: type[BaseModel]) -> Schema:
    """The validator's schema for documents dumped by alias with datetimes as dates."""
    schema = model.model_json_schema(by_alias=True)
    return _convert(schema, schema.get("$defs", {}))


def _convert(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return _convert(definitions[name], definitions)
    converted: Schema = {key: value for key, value in schema.items() if key in KEPT}
    if "const" in schema:
        converted["enum"] = [schema["const"]]
    if "type" in schema:
        converted["bsonType"] = _bson_type(schema)
    for key in NESTED_LISTS & schema.keys():
        converted[key] = [_convert(part, definitions) for part in schema[key]]
    for key in NESTED_MAPS & schema.keys():
        converted[key] = {name: _convert(part, definitions) for name, part in schema[key].items()}
    for key in {"items", "additionalProperties"} & schema.keys():
        inner = schema[key]
        converted[key] = _convert(inner, definitions) if isinstance(inner, dict) else inner
    return converted


def _bson_type(schema: Schema) -> str | list[str]:
    if schema.get("format") == "date-time":
        return "date"
    return BSON_TYPES[schema["type"]]
