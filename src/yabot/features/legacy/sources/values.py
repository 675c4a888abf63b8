"""Reads the values of an old store into the forms that this package uses.

A reader gives the value and how it had to be repaired, or raises Unreadable. Its own result needs
no repair.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any, TypeVar

from yabot import canonical
from yabot.clock import EPOCH
from yabot.features.legacy.record import How, Role

T = TypeVar("T")
Read = tuple[T, How | None]
Reader = Callable[[Any], Read[T]]

LONGEST_NAME = 64
"""As Telegram's are."""
LONGEST_THING = 256
"""In characters; a longer text is no name of anything."""
MOST_THINGS = 20_000
"""Nobody can have more. Twice as many as we write into the old store, where some may be added."""
LARGEST_NUMBER = 10**15
"""Nobody can have more besitos; sums of a million such numbers are exact."""

ROLES: tuple[Role, ...] = ("free", "premium", "vip")

_CONTROLS = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]+")
# The scanner decodes a byte that is no UTF-8 to one of these: see ``json_scanner``.
_BYTE = re.compile("[\udc80-\udcff]")
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{0,30})?([eE][-+]?[0-9]{1,3})?|[-+]?\.[0-9]{1,30}")
_MILLIONTH = Decimal("0.000001")
_YEAR_FIRST = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(\D.*)?", re.DOTALL)
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(.*)", re.DOTALL)
# A date, not seconds: those would be a day in 1970.
_DAY_IN_DIGITS = re.compile(r"(19|20)\d\d(0\d|1[0-2])[0-3]\d")
_GREENWICH = re.compile(r"\s*(UTC|GMT)$", re.IGNORECASE)
# Smaller numbers are seconds (until the year 5138), larger ones milliseconds (from 1973).
_MILLISECONDS = 10**11
# Moments that stay within the range of datetime in any time zone.
_EARLIEST, _LATEST = EPOCH, datetime(9999, 12, 30, tzinfo=UTC)

# Possible keys of a thing or a choice that is an object.
_THING = ("id", "item_id", "name", "key", "code", "code_name")
_COUNT = ("count", "quantity", "amount")
_FRAGMENT = ("fragment", "fragment_id", "fragment_key", "source_fragment", "from")
_CHOICE = ("choice", "choice_id", "option", "decision", "id")


class Unreadable(Exception):
    """The value cannot be read."""


def amount(value: Any) -> Decimal:
    """A number up to LARGEST_NUMBER, also written as text; rounded down to millionths."""
    match value:
        case bool():
            raise Unreadable
        case int() if abs(value) <= LARGEST_NUMBER:
            return Decimal(value)
        case float() if abs(value) <= LARGEST_NUMBER:
            number = Decimal(repr(value))
        case str() if _NUMBER.fullmatch(value.strip()):
            number = Decimal(value.strip())
        case _:
            raise Unreadable
    if abs(number) > LARGEST_NUMBER:
        raise Unreadable
    return number.quantize(_MILLIONTH, ROUND_FLOOR)


def whole(number: Decimal) -> Decimal:
    return number.to_integral_value(ROUND_FLOOR)


def name(value: Any) -> Read[str]:
    """A person's name, on one line."""
    text, how = _text(value)
    cleaned = _CONTROLS.sub(" ", text).strip()
    if cleaned != text:
        how = how or "cleaned"
    if len(cleaned) > LONGEST_NAME:
        cleaned, how = cleaned[:LONGEST_NAME].strip(), "shortened"
    if not cleaned:
        raise Unreadable
    return cleaned, how


def username(value: Any) -> Read[str]:
    """A username of Telegram, without the ``@``."""
    text, how = _text(value)
    bare = text.strip().removeprefix("@")
    if canonical.username(bare) is None:
        raise Unreadable
    return bare, how if bare == text else "rewritten"


def role(value: Any) -> Read[Role]:
    if not isinstance(value, str):
        raise Unreadable
    plain = value.strip().lower()
    for each in ROLES:
        if plain == each:
            return each, None if value == each else "rewritten"
    raise Unreadable


def moment(value: Any) -> Read[datetime]:
    """In UTC, from ISO 8601, seconds or milliseconds since 1970, or a date with the day first."""
    if isinstance(value, str) and _is_written(value.strip()):
        found, how = _written(value.strip())
    else:
        found, how = _since_epoch(amount(value)), "converted"
    if not _EARLIEST <= found <= _LATEST:
        raise Unreadable
    return found.astimezone(UTC), how


def end(value: Any) -> Read[datetime]:
    """A moment; one before 1970 becomes the earliest, as it is over in any case."""
    with suppress(Unreadable):
        return moment(value)
    if not isinstance(value, str) or _written(value.strip())[0] >= _EARLIEST:
        raise Unreadable
    return _EARLIEST, "rewritten"


def _is_written(text: str) -> bool:
    return not _NUMBER.fullmatch(text) or _DAY_IN_DIGITS.fullmatch(text) is not None


def _written(text: str) -> tuple[datetime, How | None]:
    how: How | None = None
    plain = _GREENWICH.sub("+00:00", text)
    if year_first := _YEAR_FIRST.fullmatch(plain):
        year, month, day, rest = year_first.groups("")
        plain = f"{year}-{month:0>2}-{day:0>2}{rest}"
    elif day_first := _DAY_FIRST.fullmatch(plain):
        day, month, year, rest = day_first.groups()
        plain = f"{year}-{month:0>2}-{day:0>2}{rest}"
    if plain != text:
        text, how = plain, "rewritten"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable from None
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC), how or "assumed_utc"
    return found, how


def _since_epoch(number: Decimal) -> datetime:
    seconds = number if abs(number) < _MILLISECONDS else number / 1000
    try:
        return EPOCH + timedelta(microseconds=int(whole(seconds * 10**6)))
    except OverflowError:
        raise Unreadable from None


def thing(value: Any) -> Read[str]:
    """The name of a fragment, a choice or a thing."""
    is_named_within = isinstance(value, dict | list)
    text, how = _text(_called(value) if is_named_within else value)
    if not text.strip() or len(text) > LONGEST_THING:
        raise Unreadable
    return text, how or ("converted" if is_named_within else None)


def things(value: Any) -> Read[tuple[str, ...]]:
    """Names, from a list of them or from an object with the number of each."""
    how: How | None = None
    if isinstance(value, str):
        value, how = _listed(value), "converted"
    if isinstance(value, dict):
        value, how = list(_counted(value)), "converted"
    if not isinstance(value, list) or len(value) > MOST_THINGS:
        raise Unreadable
    found = []
    for each in value:
        if each is None or each == "":
            how = how or "left_out"
            continue
        text, its_how = thing(each)
        found.append(text)
        how = how or its_how
    return tuple(found), how


def choices(value: Any) -> Read[dict[str, str]]:
    """Choices by fragment, from an object, or from a list of objects that name both."""
    how: How | None = None
    if isinstance(value, str):
        value, how = _parsed(value), "converted"
    if isinstance(value, list):
        value, how = dict(map(_choice, value)), "converted"
    if not isinstance(value, dict) or len(value) > MOST_THINGS:
        raise Unreadable
    found: dict[str, str] = {}
    for fragment, made in value.items():
        chosen = made
        # Of several choices in one fragment, the last one counts.
        if isinstance(made, list) and made:
            chosen, how = made[-1], how or "converted"
        if chosen is None or chosen == "":
            how = how or "left_out"
            continue
        where, first_how = thing(fragment)
        what, second_how = thing(chosen)
        found[where] = what
        how = how or first_how or second_how
    return found, how


def _choice(value: Any) -> tuple[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable
    where, what = _first(value, _FRAGMENT), _first(value, _CHOICE)
    if not isinstance(where, str) or what is None:
        raise Unreadable
    return where, what


def _counted(counts: Mapping[str, Any]) -> Iterator[str]:
    """Each name as often as there are things of that name."""
    left = MOST_THINGS
    for thing_name, value in counts.items():
        often = count(value)
        left -= often
        if left < 0:
            raise Unreadable
        yield from [thing_name] * often


def count(value: Any) -> int:
    """How many there are; 1 if the value is no number."""
    if isinstance(value, dict):
        value = _first(value, _COUNT)
    if isinstance(value, bool):
        return int(value)
    try:
        return max(0, int(min(whole(amount(value)), Decimal(MOST_THINGS + 1))))
    except Unreadable:
        return 1


def _called(value: Any) -> str:
    found = _first(value, _THING) if isinstance(value, dict) else None
    if isinstance(found, str):
        return found
    return _json(value if found is None or isinstance(found, bool) else found)


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[each] for each in names if value.get(each) is not None), None)


def _listed(text: str) -> Any:
    return _parsed(text) if text.strip()[:1] in ("[", "{") else [*map(str.strip, text.split(","))]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        raise Unreadable from None


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        raise Unreadable from None


def _text(value: Any) -> Read[str]:
    match value:
        case bool():
            raise Unreadable
        case str() if value.isascii() and "\0" not in value:
            return value, None
        case str():
            legible = _BYTE.sub(_legible, value)
            storable = canonical.storable(legible)
            return storable, None if storable == value else "cleaned"
        case int() | float():
            return _json(value), "converted"
    raise Unreadable


def _legible(found: re.Match[str]) -> str:
    """The byte's meaning in Windows' encoding."""
    return bytes([ord(found[0]) - 0xDC00]).decode("cp1252", "replace")
