"""Converts JSON Schema 2020-12, as pydantic writes it, to OpenAPI 3.0.3 with the same meaning.

No existing converter keeps the meaning; this one raises ValueError where 3.0 cannot express it.
"""

import re
from typing import Any

Json = dict[str, Any]

# A schema that takes null alone: `nullable` has a meaning only beside a `type`.
NULL: Json = {"type": "object", "nullable": True, "enum": [None]}

_UNSAYABLE = {
    "prefixItems": "a tuple of several types",
    "if": "a condition",
    "contains": "what a list contains",
    "dependentRequired": "what a field brings with it",
}
# Keywords that 3.0 lacks, and whose absence allows no value that a reader would mind.
_LEFT_OUT = ("title", "propertyNames", "contentMediaType", "contentEncoding", "contentSchema")
_GENERIC = re.compile(r"^([A-Za-z]+)_(\w+)_$")


def plain_name(name: str) -> str:
    """``Page_User_``, as FastAPI names a ``Page[User]``, is called ``UserPage``."""
    return _GENERIC.sub(r"\2\1", name)


def converted(schema: Any) -> Json:
    """Raises ValueError for a schema that 3.0 cannot express."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    for word, meaning in _UNSAYABLE.items():
        if word in schema:
            raise ValueError(f"OpenAPI 3.0 cannot say {meaning} ({word})")
    said = {word: value for word, value in schema.items() if word not in _LEFT_OUT}
    _convert_values(said)
    _convert_bounds(said)
    _convert_inner(said)
    return _with_reference_alone(_with_null(said))


def _convert_values(said: Json) -> None:
    if "const" in said:
        said["enum"] = [said.pop("const")]
    if examples := said.pop("examples", None):
        said.setdefault("example", examples[0])
    if isinstance(said.get("default"), dict):
        # Client generators refuse a whole model because of it, and nobody misses it.
        del said["default"]
    if "description" in said:
        said["description"] = said["description"].replace("``", "`")


def _convert_bounds(said: Json) -> None:
    """An exclusive bound is a number in 2020-12, and a flag beside the bound in 3.0."""
    for bound, exclusive, sign in (
        ("minimum", "exclusiveMinimum", 1),
        ("maximum", "exclusiveMaximum", -1),
    ):
        limit: Any = said.pop(exclusive, None)
        if limit is not None and sign * said.get(bound, limit) <= sign * limit:
            said |= {bound: limit, exclusive: True}
        # FastAPI writes all bounds as floats.
        if said.get("type") == "integer" and bound in said:
            said[bound] = int(said[bound])


def _convert_inner(said: Json) -> None:
    if patterns := said.pop("patternProperties", None):
        # 3.0 cannot express a pattern for keys, only a schema for their values.
        values = [converted(value) for value in patterns.values()]
        said["additionalProperties"] = values[0] if len(values) == 1 else {"anyOf": values}
    if "properties" in said:
        said["properties"] = {name: converted(value) for name, value in said["properties"].items()}
    for word in ("items", "not"):
        if word in said:
            said[word] = converted(said[word])
    if isinstance(said.get("additionalProperties"), dict):
        said["additionalProperties"] = converted(said["additionalProperties"])
    for word in ("allOf", "anyOf", "oneOf"):
        if word in said:
            said[word] = [converted(each) for each in said[word]]


def _with_null(said: Json) -> Json:
    """``nullable`` instead of pydantic's further alternative null."""
    kind = said.get("type")
    if kind == "null":
        return {**said, **NULL}
    if isinstance(kind, list):
        raise ValueError("OpenAPI 3.0 cannot say several types at once: use anyOf")  # noqa: TRY004
    if said.get("enum") and None in said["enum"] and kind is not None:
        return {**said, "nullable": True}
    alternatives = said.get("anyOf", [])
    others = [each for each in alternatives if each != NULL]
    if len(others) == len(alternatives) or len(others) != 1 or "type" not in others[0]:
        return said
    (other,) = others
    beside = {word: value for word, value in said.items() if word != "anyOf"}
    values = {"enum": [*other["enum"], None]} if "enum" in other else {}
    return {**other, **beside, **values, "nullable": True}


def _with_reference_alone(said: Json) -> Json:
    """Put a reference into ``allOf`` if anything stands beside it, which 3.0 would ignore."""
    if "$ref" not in said:
        return said
    place, _, name = said["$ref"].rpartition("/")
    said["$ref"] = f"{place}/{plain_name(name)}"
    if len(said) == 1:
        return said
    return {"allOf": [{"$ref": said.pop("$ref")}], **said}
