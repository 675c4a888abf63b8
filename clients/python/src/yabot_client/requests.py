"""A call as HTTP has it, before a token is added or anything encrypted."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from urllib.parse import quote, urlencode

import httpx

from yabot_client import correlation
from yabot_client.calls import Call
from yabot_client.errors import Misconfigured
from yabot_client.writing import require_characters

USER_AGENT = f"yabot-client/{version('yabot-client')}"


@dataclass(frozen=True, slots=True)
class Meant:
    """What YABOT's operation is to see."""

    method: str
    url: httpx.URL = field(repr=False)
    scope: str
    # Those that mean something to the operation.
    headers: Mapping[str, str] = field(repr=False)
    # JSON; None without a body.
    body: bytes | None = field(repr=False)

    @property
    def target(self) -> str:
        """Path and query string, exactly as they are sent."""
        return self.url.raw_path.decode("ascii")


def meant_by(call: Call, base: httpx.URL, idempotency_key: str | None) -> Meant:
    """Raises Misconfigured for what no HTTP request can say."""
    named = {
        "Idempotency-Key": idempotency_key,
        "If-Match": call.if_match,
        "If-None-Match": call.if_none_match,
        "X-Correlation-Id": correlation.current(),
    }
    headers = {name: _checked(name, value) for name, value in named.items() if value is not None}
    body = _json(call.body) if call.has_body else None
    return Meant(call.method, _url(base, call), call.scope, headers, body)


def _url(base: httpx.URL, call: Call) -> httpx.URL:
    if {".", ".."} & set(call.path.split("/")):
        raise Misconfigured("An id cannot be . or ..: the path would be another one.")
    target = base.raw_path.decode("ascii").rstrip("/") + call.path
    for name, value in call.query:
        require_characters(value, name)
    if call.query:
        target += "?" + urlencode(call.query, quote_via=quote)
    try:
        return base.copy_with(raw_path=target.encode("ascii"))
    except httpx.InvalidURL:
        raise Misconfigured("An id or a parameter is too long for a URL.") from None


def _checked(name: str, value: str) -> str:
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= 2000
        or not (value.isascii() and value.isprintable())
    ):
        raise Misconfigured(f"{name} must be printable ASCII, and not empty.")
    return value


def _json(body: object) -> bytes:
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):
        raise Misconfigured(
            "The body is nothing that JSON can say: take texts, finite numbers, bools, None, and "
            "lists and dicts of them."
        ) from None
    # Half a surrogate pair is refused by YABOT, in a sentence.
    return text.encode("utf-8", "surrogatepass")
