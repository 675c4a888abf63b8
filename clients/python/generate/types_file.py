"""``types.py``: what is sent and answered, a TypedDict for each object of the document."""

import keyword
import textwrap
from collections.abc import Iterator, Mapping

from generate.formatting import docstring, head, sentence
from generate.schemas import Schema, annotation, references

IMPORTS = "from typing import Any, Literal, NotRequired, TypedDict\n"


def types_file(schemas: Mapping[str, Schema]) -> str:
    texts = [_definition(name, schemas[name]) for name in _in_order(schemas)]
    about = "What is sent and answered, as JSON has it: times are text, RFC 3339 in UTC."
    return "\n".join([head(about), IMPORTS, *texts])


def _in_order(schemas: Mapping[str, Schema]) -> list[str]:
    """By name, but each behind those that it speaks of."""
    done: dict[str, None] = {}

    def place(name: str) -> None:
        if name not in done:
            for other in sorted(references(schemas[name]) - {name}):
                place(other)
            done[name] = None

    for name in sorted(schemas):
        place(name)
    return list(done)


def _definition(name: str, schema: Schema) -> str:
    if "properties" not in schema:
        return f"{name} = {annotation(schema)}\n"
    if any(keyword.iskeyword(field) for field in schema["properties"]):
        return _by_call(name, schema)
    return "\n".join(_as_class(name, schema))


def _as_class(name: str, schema: Schema) -> Iterator[str]:
    yield f"class {name}(TypedDict):"
    yield from _said(sentence(schema.get("description", "")))
    for field, of_field in schema["properties"].items():
        yield f"    {field}: {_field(schema, field)}"
        yield from _said(of_field.get("description", ""))
    yield ""


def _said(description: str) -> Iterator[str]:
    """Nothing where there is nothing to say; the formatter leaves a line empty behind it."""
    if description:
        yield docstring([description], 1)


def _by_call(name: str, schema: Schema) -> str:
    """For fields that cannot be names of a class's attributes."""
    about = textwrap.indent(textwrap.fill(sentence(schema.get("description", "")), 96), "# ")
    fields = ", ".join(f'"{field}": {_field(schema, field)}' for field in schema["properties"])
    return f'{about}\n{name} = TypedDict("{name}", {{{fields}}})\n'


def _field(schema: Schema, field: str) -> str:
    kind = annotation(schema["properties"][field])
    return kind if field in schema.get("required", ()) else f"NotRequired[{kind}]"
