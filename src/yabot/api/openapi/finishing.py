"""Changes of the whole document, once all of its operations are in it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from yabot.api.openapi.examples import example_of

Json = dict[str, Any]

# Models that leave out fields without a value.
_SPARING = {"Envelope", "Problem"}


def tell_answers_from_bodies(document: Json) -> None:
    """An answer has all fields of its model, also those with a default, and may have more one day;
    a body that is sent need not have those with a default, and may not have more.
    """
    schemas = document["components"]["schemas"]
    sent: set[str] = set()
    waiting = [*_named_in([operation.get("requestBody") for operation in _operations(document)])]
    while waiting:
        name = waiting.pop()
        if name not in sent:
            sent.add(name)
            waiting += _named_in(schemas[name])
    for name in schemas.keys() - sent:
        schema = schemas[name]
        if schema.get("additionalProperties") is False:
            del schema["additionalProperties"]
        if schema.get("properties") and name not in _SPARING:
            schema["required"] = [*schema["properties"]]


def show_examples(document: Json) -> None:
    """Add examples of bodies and of successful answers."""
    schemas = document["components"]["schemas"]
    for operation in _operations(document):
        for body in (operation.get("requestBody", {}), *operation["responses"].values()):
            for content in body.get("content", {}).values():
                if "examples" not in content:
                    content["example"] = example_of(content["schema"], schemas)


def share_refusals(document: Json) -> None:
    """Put refusals that several operations share in one place."""
    operations = [*_operations(document)]
    uses = Counter(repr(each) for one in operations for each in one["responses"].values())
    shared: Json = document["components"]["responses"]
    names: dict[str, str] = {}
    for operation in operations:
        for status, response in operation["responses"].items():
            written = repr(response)
            if status[0] not in "45" or uses[written] < 2:
                continue
            if written not in names:
                variant = sum(name.startswith(f"Refused{status}") for name in shared) + 1
                names[written] = f"Refused{status}{'' if variant == 1 else f'_{variant}'}"
                shared[names[written]] = response
            operation["responses"][status] = {"$ref": f"#/components/responses/{names[written]}"}


def _operations(document: Json) -> Iterator[Json]:
    for item in document["paths"].values():
        yield from item.values()


def _named_in(part: Any) -> Iterator[str]:
    """The names of the schemas to which ``part`` refers."""
    if isinstance(part, list):
        for each in part:
            yield from _named_in(each)
    elif isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        for each in part.values():
            yield from _named_in(each)
