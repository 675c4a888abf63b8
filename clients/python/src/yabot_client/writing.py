"""Arguments, as a request has them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from yabot_client.errors import Misconfigured

# A path with these would be another one to whoever tidies paths on the way.
NO_SEGMENTS = {"", ".", ".."}

Value = datetime | str | int | bool


def segment(value: str | int) -> str:
    """An id, as a part of a path. Raises Misconfigured for what cannot be one."""
    text = str(value)
    if text in NO_SEGMENTS:
        raise Misconfigured(f"{text!r} cannot be an id in a path.")
    return quote(require_characters(text, "An id"), safe="")


def require_characters(text: str, what: str) -> str:
    """Raises Misconfigured for halves of surrogate pairs, which UTF-8 does not have."""
    if any("\ud800" <= each <= "\udfff" for each in text):
        raise Misconfigured(f"{what} has half a surrogate pair in it, which no URL can say.")
    return text


def query(arguments: Mapping[str, Value | Sequence[str] | None]) -> tuple[tuple[str, str], ...]:
    """Without what is None; a list's name comes once for each of its values."""
    return tuple(
        (name, _text(each))
        for name, value in arguments.items()
        if value is not None
        for each in _several(value)
    )


def given(fields: Mapping[str, object]) -> dict[str, object]:
    """Without what is None."""
    return {name: value for name, value in fields.items() if value is not None}


def _several(value: Value | Sequence[str]) -> Sequence[Value]:
    return [value] if isinstance(value, Value) else value


def _text(value: Value) -> str:
    """Raises Misconfigured for a time of no time zone: nobody knows which moment it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, datetime):
        return str(value)
    if value.utcoffset() is None:
        raise Misconfigured(f"The time {value.isoformat()} needs a time zone, such as UTC.")
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
