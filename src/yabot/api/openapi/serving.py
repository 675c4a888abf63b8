"""Serves the document and its page, without a token."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import Response

from yabot.api.openapi.page import CONTENT_SECURITY_POLICY, render_page
from yabot.api.operations.requests import is_among, tag

Json = dict[str, Any]
DOCUMENT, PAGE = "/openapi.json", "/docs"
_OF_DOCUMENT = {"Content-Type": "application/json"}
_OF_PAGE = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def publish(app: FastAPI, make: Callable[[], Json]) -> None:
    """Let ``app`` serve the document that ``make`` gives, and the page made from it."""
    document = cache(make)
    _serve(app, DOCUMENT, lambda: as_bytes(document()), _OF_DOCUMENT)
    _serve(app, PAGE, lambda: render_page(document()).encode(), _OF_PAGE)


def as_bytes(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _serve(app: FastAPI, path: str, make: Callable[[], bytes], headers: Mapping[str, str]) -> None:
    app.add_api_route(
        path, _answering(cache(make), headers), include_in_schema=False, response_model=None
    )


def _answering(
    content_of: Callable[[], bytes], headers: Mapping[str, str]
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        # In a thread: the first time takes so long that it would hold up the loop.
        content = await asyncio.to_thread(content_of)
        etag = tag(hashlib.sha256(content).hexdigest()[:32])
        if is_among(etag, request.headers.get("if-none-match", ""), weakly=True):
            return Response(None, 304, {"ETag": etag})
        return Response(content, 200, {**headers, "ETag": etag})

    return answer
