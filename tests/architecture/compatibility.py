"""What a later schema may say without breaking those who rely on the earlier one.

Of a difference it matters who notices: whoever sends what was valid is broken by a narrower schema,
whoever reads by a wider one. Optional fields that are new break nobody: readers ignore what they do
not know.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any

Json = dict[str, Any]


class Breaks(Flag):
    SENDERS = auto()
    READERS = auto()
    BOTH = SENDERS | READERS


@dataclass(frozen=True, slots=True)
class Difference:
    breaks: Breaks
    told: str


def differences(path: str, old: Json, new: Json) -> Iterator[Difference]:
    """Both with their references in place: see ``resolved``."""
    for word, compare in _WORDS.items():
        for breaks, told in compare(old, new, word):
            yield Difference(breaks, f"{path}: {told}")
    yield from _fields(path, old, new)
    for word in ("items", "additionalProperties"):
        before, after = old.get(word), new.get(word)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from differences(f"{path}.{word}", before, after)
    for word in ("anyOf", "oneOf"):
        yield from _alternatives(f"{path}.{word}", old.get(word, []), new.get(word, []))


Found = Iterator[tuple[Breaks, str]]


def _types(old: Json, new: Json, _word: str) -> Found:
    before, after = _types_of(old), _types_of(new)
    if before and after is not None and not before <= after:
        yield Breaks.SENDERS, f"takes no {', '.join(sorted(before - after))} any more"
    if before is not None and after and not after <= before:
        yield Breaks.READERS, f"may be {', '.join(sorted(after - before))} now"
    if (before is None) != (after is None):
        yield (Breaks.SENDERS if before is None else Breaks.READERS), "has another type"


def _types_of(schema: Json) -> set[str] | None:
    """None: any."""
    if "type" not in schema:
        return None
    kinds = {"number", "integer"} if schema["type"] == "number" else {schema["type"]}
    return {*kinds, "null"} if schema.get("nullable") else kinds


def _values(old: Json, new: Json, word: str) -> Found:
    before, after = (_listed(schema.get(word)) for schema in (old, new))
    if after is not None and (before is None or before - after):
        yield Breaks.SENDERS, f"takes only {sorted(after)}"
    if before is not None and (after is None or after - before):
        yield Breaks.READERS, f"has values besides {sorted(before)}"


def _listed(values: list[Any] | None) -> set[str] | None:
    return None if values is None else {repr(value) for value in values}


def _lowest(old: Json, new: Json, word: str) -> Found:
    yield from _bound(_limit(old, word, "exclusiveMinimum"), _limit(new, word, "exclusiveMinimum"))


def _highest(old: Json, new: Json, word: str) -> Found:
    before, after = (_limit(schema, word, "exclusiveMaximum") for schema in (old, new))
    yield from _bound(*((-limit[0], limit[1]) if limit else None for limit in (before, after)))


def _limit(schema: Json, word: str, exclusive: str) -> tuple[float, bool] | None:
    if word not in schema:
        return None
    return schema[word], bool(word in exclusive.lower() and schema.get(exclusive))


def _bound(before: tuple[float, bool] | None, after: tuple[float, bool] | None) -> Found:
    if after is not None and (before is None or before < after):
        yield Breaks.SENDERS, "has a narrower bound"
    if before is not None and (after is None or after < before):
        yield Breaks.READERS, "has a wider bound"


def _rule(old: Json, new: Json, word: str) -> Found:
    before, after = old.get(word), new.get(word)
    if after is not None and before != after:
        yield Breaks.SENDERS, f"has another {word}"
    if before is not None and before != after:
        yield Breaks.READERS, f"has another {word}"


def _default(old: Json, new: Json, word: str) -> Found:
    if old.get(word) != new.get(word):
        yield Breaks.SENDERS, "means something else when it is left out"


def _openness(old: Json, new: Json, word: str) -> Found:
    was_open, is_open = old.get(word, True) is not False, new.get(word, True) is not False
    if was_open and not is_open:
        yield Breaks.SENDERS, "takes no further fields any more"


_WORDS: Mapping[str, Callable[[Json, Json, str], Found]] = {
    "type": _types,
    "enum": _values,
    "minimum": _lowest,
    "maximum": _highest,
    **dict.fromkeys(("minLength", "minItems", "minProperties"), _lowest),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), _highest),
    **dict.fromkeys(("pattern", "format", "multipleOf", "uniqueItems", "const", "not"), _rule),
    "default": _default,
    "additionalProperties": _openness,
}


def _fields(path: str, old: Json, new: Json) -> Iterator[Difference]:
    was, now = set(old.get("required", ())), set(new.get("required", ()))
    before, after = old.get("properties", {}), new.get("properties", {})
    for field in sorted(now - was):
        yield Difference(Breaks.SENDERS, f"{path}.{field}: is required now")
    for field in sorted((was - now) & after.keys()):
        yield Difference(Breaks.READERS, f"{path}.{field}: may be missing now")
    for field, schema in before.items():
        if field in after:
            yield from differences(f"{path}.{field}", schema, after[field])
        else:
            yield Difference(Breaks.BOTH, f"{path}.{field}: is gone")


def _alternatives(path: str, old: list[Json], new: list[Json]) -> Iterator[Difference]:
    """One that is gone misses whoever sends it, one that is new surprises whoever reads."""
    if old and not all(any(_fits(each, other, Breaks.SENDERS) for other in new) for each in old):
        yield Difference(Breaks.SENDERS, f"{path}: an alternative is gone")
    if not all(any(_fits(other, each, Breaks.READERS) for other in old) for each in new):
        yield Difference(Breaks.READERS, f"{path}: an alternative is new")


def _fits(old: Json, new: Json, whom: Breaks) -> bool:
    return not any(each.breaks & whom for each in differences("", old, new))


def broken_promises(frozen: Json, current: Json) -> list[str]:
    """A line for each way in which ``current`` breaks what ``frozen`` promised; none is well.

    Both are ``Catalog.schemas()``. A type that is new promises nothing yet. Others send events as
    well as read them.
    """
    broken = []
    for name, old in frozen.items():
        new = current.get(name)
        if new is None:
            broken.append(f"{name}: is gone")
        elif new["version"] != old["version"]:
            broken.append(f"{name}: version {old['version']} became {new['version']}")
        else:
            before, after = (resolved(each["payload"], each["payload"]) for each in (old, new))
            broken += dict.fromkeys(each.told for each in differences(name, before, after))
    return broken


def resolved(schema: Any, document: Json) -> Any:
    """With what it refers to in place, and each ``allOf`` of one part merged with what it is in."""
    if isinstance(schema, list):
        return [resolved(item, document) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return resolved(found, document)
    whole = {word: resolved(value, document) for word, value in schema.items() if word != "$defs"}
    for part in whole.pop("allOf", ()):
        whole = {**part, **whole}
    return whole
