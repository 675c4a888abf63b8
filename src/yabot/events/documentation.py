"""The catalog as a page for people; docs/events.md is this page."""

from collections.abc import Iterator, Mapping, Sequence
from inspect import cleandoc
from typing import Any

from yabot.events.catalog import Catalog
from yabot.events.envelope import Envelope, EventPayload

INTRODUCTION = """\
# Events

Written by `yabot events catalog`; a test holds this page against the code. A listed field that may
be absent is left out, never null; what stands in an object without listed fields, as in `context`
of `user_interaction`, may be anything. A field that a consumer does not know is an addition: ignore
it."""
HEAD = ["", "| field | type | | |", "| --- | --- | --- | --- |"]

Schema = Mapping[str, Any]


def events_page(catalog: Catalog) -> str:
    """Markdown: the envelope, then every type of event in alphabetical order."""
    envelope = Envelope.model_json_schema(mode="serialization")
    kinds = sorted(catalog, key=lambda kind: kind.event_type)
    sections = ["\n".join(["## The envelope", *HEAD, *_rows(envelope, envelope)])]
    sections += [_section(kind, catalog.causes(kind.event_type)) for kind in kinds]
    return "\n\n".join([INTRODUCTION, *sections]) + "\n"


def _section(kind: type[EventPayload], causes: Sequence[str]) -> str:
    """``causes`` are the types that come before this one within one correlation."""
    schema = kind.model_json_schema(mode="serialization")
    meaning = cleandoc(kind.__doc__ or "").replace("``", "`")
    lines = [f"## {kind.event_type}", "", f"Version {kind.version}. {meaning}"]
    if kind.needs_user:
        lines += ["", "Always about a user: `user_id` is there."]
    if causes:
        named = ", ".join(f"[`{cause}`](#{cause})" for cause in causes)
        lines += [
            "",
            f"Takes effect after {named} of the same correlation, whatever the clocks say.",
        ]
    return "\n".join([*lines, *(HEAD if schema["properties"] else []), *_rows(schema, schema)])


def _rows(schema: Schema, root: Schema, prefix: str = "") -> Iterator[str]:
    for name, field in schema["properties"].items():
        given = [each for each in field.get("anyOf", [field]) if each.get("type") != "null"]
        inner = _resolved(given[0], root)
        absent = "may be absent" if given != field.get("anyOf", given) else ""
        cells = (f"`{prefix}{name}`", _type(inner, root), absent, field.get("description", ""))
        yield f"| {' | '.join(cells)} |"
        if "properties" in inner:
            yield from _rows(inner, root, f"{prefix}{name}.")


def _resolved(field: Schema, root: Schema) -> Schema:
    return root["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field


def _type(field: Schema, root: Schema) -> str:
    if values := field.get("enum") or ([field["const"]] if "const" in field else []):
        return " or ".join(f"`{value}`" for value in values)
    if field.get("type") == "array":
        return f"list of {_type(_resolved(field['items'], root), root)}"
    return str(field.get("type", "anything"))
