"""Strict JSON (RFC 8259, RFC 7493): refuses what two programs could read differently."""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

# How deep containers may be nested.
DEEPEST = 32
_INTEGERS = range(-(2**63), 2**63)
_BOM = b"\xef\xbb\xbf"


class NotJson(ValueError):
    """Its message says what is wrong, and quotes nothing of what was sent."""


def parse(content: bytes) -> Any:
    """Raises NotJson for other encodings than UTF-8, doubled keys, numbers that cannot be
    represented, text that no database stores, and nesting deeper than DEEPEST.
    """
    if content.startswith(_BOM):
        raise NotJson("it begins with a byte order mark")
    try:
        found = json.loads(
            content.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise NotJson(f"it is not UTF-8 at byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"it breaks off or errs at character {error.pos + 1}") from None
    except RecursionError:
        raise _too_deep() from None
    _require_storable(found, content)
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson("an object has the same key twice")
    return found


def _integer(digits: str) -> int:
    # Twenty characters hold every integer of 64 bits; to parse more could take any time.
    if len(digits) <= 20 and (number := int(digits)) in _INTEGERS:
        return number
    raise NotJson("an integer has more than 64 bits")


def _float(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise NotJson("a number is too large")
    return number


def _constant(_name: str) -> NoReturn:
    raise NotJson("NaN and Infinity are no numbers of JSON")


def _require_storable(found: Any, content: bytes) -> None:
    # Without an escape, or so many brackets, neither fault below is possible.
    if b"\\u" not in content and content.count(b"[") + content.count(b"{") <= DEEPEST:
        return
    for text in _texts(found):
        if "\0" in text:
            raise NotJson("a text has the character U+0000")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise NotJson("a text has half of a surrogate pair")


def _texts(found: Any) -> Iterator[str]:
    level, depth = [found], 0
    while level:
        inner: list[Any] = []
        for value in level:
            if isinstance(value, str):
                yield value
            elif isinstance(value, dict):
                yield from value
                inner += value.values()
            elif isinstance(value, list):
                inner += value
        depth += any(isinstance(value, dict | list) for value in level)
        if depth > DEEPEST:
            raise _too_deep()
        level = inner


def _too_deep() -> NotJson:
    return NotJson(f"it is nested deeper than {DEEPEST} levels")
