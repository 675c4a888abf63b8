"""Limits how much of a request is read, and in which form: bodies, parameters, the path."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from fastapi import Request
from starlette.requests import ClientDisconnect

from yabot.api.answering import problems
from yabot.api.answering.problems import Refused
from yabot.api.operations.strict_json import NotJson, parse

LARGEST_BODY = 256 * 1024
# No operation has a use for more.
MOST_PARAMETERS = 50
_JSON = re.compile(r'application/json(\s*;\s*charset="?utf-8"?)?\s*', re.IGNORECASE)
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


async def read_json(request: Request) -> tuple[bytes, Any]:
    """The body's bytes, and the JSON in them. Raises Refused."""
    if not (content := await read_whole(request, LARGEST_BODY)):
        raise problems.BODY_MISSING.refuse()
    headers = request.headers
    if not _JSON.fullmatch(headers.get("content-type", "")) or "content-encoding" in headers:
        raise problems.MEDIA_TYPE_UNSUPPORTED.refuse()
    try:
        return content, parse(content)
    except NotJson as error:
        raise problems.BODY_MALFORMED.refuse(
            f"The body is no JSON that this takes: {error}."
        ) from None


async def require_no_body(request: Request) -> None:
    """Raises Refused."""
    headers = request.headers
    if "content-length" not in headers and "transfer-encoding" not in headers:
        return
    try:
        content = await read_whole(request, 0)
    except Refused:
        content = b"too much"
    if content:
        raise problems.BODY_UNEXPECTED.refuse()


async def read_whole(request: Request, most: int) -> bytes:
    """The body of at most ``most`` bytes, counted whatever length is announced. Raises Refused."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise problems.BODY_TOO_LARGE.refuse()
    content = b""
    try:
        async for part in request.stream():
            content += part
            if len(content) > most:
                raise problems.BODY_TOO_LARGE.refuse()
    except ClientDisconnect:
        raise problems.BAD_REQUEST.refuse("The body has not come whole.") from None
    return content


def require_readable(scope: Mapping[str, Any], known: Mapping[str, bool]) -> None:
    """Check the path and the query string. ``known`` are the parameters that it may have: True for
    one that may come more than once. Raises Refused.
    """
    _require_decodable(scope.get("raw_path") or quote(scope["path"]).encode(), "path")
    if query := scope["query_string"]:
        _require_known(_parameters(query), known)


def require_single(scope: Mapping[str, Any], names: frozenset[bytes]) -> None:
    """Raises Refused if one of these headers comes more than once."""
    found = [name for name, _ in scope["headers"] if name in names]
    if len(found) > len(set(found)):
        raise problems.BAD_REQUEST.refuse("A header that may come once comes twice.")


def _parameters(query: bytes) -> list[str]:
    """The names of the parameters, in the order in which they come."""
    _require_decodable(query, "query string")
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise problems.BAD_REQUEST.refuse(
            f"The query string has more than {MOST_PARAMETERS} parameters."
        ) from None
    return [name for name, _ in pairs]


def _require_known(names: list[str], known: Mapping[str, bool]) -> None:
    if not known.keys() >= set(names):
        taken = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
        raise problems.INVALID.refuse(f"The query string has a parameter that this lacks; {taken}.")
    for name, may_repeat in known.items():
        if not may_repeat and names.count(name) > 1:
            raise problems.INVALID.refuse(f"The parameter {name} comes more than once.")


def _require_decodable(raw: bytes, place: str) -> None:
    try:
        text = raw.decode("ascii")
        decoded = unquote_to_bytes(text).decode("utf-8") if "%" in text else text
    except UnicodeDecodeError:
        raise problems.BAD_REQUEST.refuse(
            f"The {place} is not UTF-8 in percent-encoding."
        ) from None
    if _BROKEN_ESCAPE.search(text) or _CONTROLS.search(decoded):
        raise problems.BAD_REQUEST.refuse(
            f"The {place} has a percent sign without two digits, or a control character."
        )
