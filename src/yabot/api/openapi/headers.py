"""The headers of answers, as the document describes them."""

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


def _header(description: str, **schema: Any) -> Json:
    return {"description": description, "schema": {"type": "string", **schema}}


def _number(description: str) -> Json:
    return {"description": description, "schema": {"type": "integer", "minimum": 0}}


HEADERS: Json = {
    "Deprecation": _header("Since when the operation is deprecated: `@` and seconds (RFC 9745)."),
    "ETag": _header("Of this representation: for If-None-Match and If-Match."),
    "Idempotent-Replayed": _header(
        "It took effect before; this is the answer of then.", enum=["true"]
    ),
    "RateLimit-Limit": _number("How many requests the service may send in a minute."),
    "RateLimit-Remaining": _number("How many are left of them."),
    "RateLimit-Reset": _number("Seconds until the next minute begins."),
    "Retry-After": _number("Seconds after which to ask again."),
    "Sunset": _header("When the operation goes (RFC 8594)."),
    "WWW-Authenticate": _header("Which kind of token is needed (RFC 6750)."),
    "X-Correlation-Id": _header(
        "By which operators find the request in their logs: the client's own, if it sent one."
    ),
}
# The headers of every answer, and those of every answer to a known caller.
OF_ALL = ("X-Correlation-Id",)
OF_CALLERS = (*OF_ALL, "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def header_refs(names: Iterable[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
