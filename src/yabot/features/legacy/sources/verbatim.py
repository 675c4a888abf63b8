"""Keeps values that have no place here in a form that every store takes, without loss.

MongoDB takes no integer of more than 64 bits, no half of a surrogate pair, no key like ``$set``;
JSON knows no infinity. A value with any of these is kept as its JSON text.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

AS_TEXT = "yabot_json"
"""The only key of an object that stands for a value; it holds the value's JSON text."""
OTHERS = "yabot_others"
"""The key under which the fields are kept whose names no store takes."""
# How deep documents may be nested in a value; the user's document may be deeper, within its own
# bound.
DEEPEST = 32
_INTEGERS = range(-(2**63), 2**63)


def kept(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The values in storable form, and the names of those that had to become text."""
    named = {name: value for name, value in values.items() if _is_name(name)}
    others = {name: value for name, value in values.items() if name not in named}
    as_text = tuple(name for name, value in named.items() if not _is_storable(value, DEEPEST))
    found = named | {name: _as_text(named[name]) for name in as_text}
    if others:
        return found | {OTHERS: _as_text(others)}, (*as_text, OTHERS)
    return found, as_text


def original(values: Mapping[str, Any]) -> dict[str, Any]:
    """What ``kept`` was given."""
    found = {name: _from_text(value) for name, value in values.items()}
    others = found.pop(OTHERS, {})
    return found | others if isinstance(others, dict) else found


def _as_text(value: Any) -> dict[str, str]:
    return {AS_TEXT: json.dumps(value)}


def _from_text(value: Any) -> Any:
    if not isinstance(value, Mapping) or list(value) != [AS_TEXT]:
        return value
    try:
        return json.loads(value[AS_TEXT])
    except (TypeError, ValueError):
        return value


def _is_storable(value: Any, levels: int) -> bool:
    match value:
        case str():
            return _is_text(value)
        case bool() | None:
            return True
        case int():
            return value in _INTEGERS
        case float():
            return isfinite(value)
        case list():
            return levels > 0 and all(_is_storable(each, levels - 1) for each in value)
        case dict():
            inner = all(_is_storable(each, levels - 1) for each in value.values())
            return levels > 0 and inner and all(map(_is_name, value))
    return False


def _is_name(name: str) -> bool:
    """Whether MongoDB takes it as a key, and does not mistake it for an operator or a path."""
    return bool(name) and not name.startswith("$") and "." not in name and _is_text(name)


def _is_text(text: str) -> bool:
    if text.isascii():
        return "\0" not in text
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)
