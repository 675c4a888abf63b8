"""The webhook: an update is stored before Telegram hears 200."""

from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from aiogram import Bot
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from yabot.bot.reading import MOST_BYTES, Received, read_body
from yabot.errors import InvalidInput, TransientError
from yabot.observability.logging import get_logger
from yabot.observability.metrics import UNREADABLE, WEBHOOK
from yabot.runtime.buckets import Buckets
from yabot.runtime.recent import Recent

log = get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
# How often the same body is refused as no update: it may have been damaged in transit.
MOST_REFUSALS = 2
REMEMBERED_REFUSALS = 1000
# Log lines per minute about requests with a wrong secret.
LINES_ABOUT_STRANGERS = 60
# Bytes. A body that is longer than this is read no further.
MOST_HEARD = 64 * MOST_BYTES

Receive = Callable[[Sequence[Received]], Awaitable[None]]


class WebhookHandler:
    """Takes one update per request. A request that is not from Telegram is refused with 401."""

    def __init__(self, bot: Bot, path: str, secret: str, receive: Receive, partitions: int) -> None:
        self._bot = bot
        self._path = path
        self._secret = secret
        self._receive = receive
        self._partitions = partitions
        self._refusals = _Refusals()
        self._lines = Buckets(LINES_ABOUT_STRANGERS, LINES_ABOUT_STRANGERS / 60)

    def app(self) -> Starlette:
        app = Starlette(
            routes=[
                Route(self._path, self.handle, methods=["POST"]),
                Route("/health/live", _live, methods=["GET"]),
            ]
        )
        # A redirect would go to whatever host the client's request names.
        app.router.redirect_slashes = False
        return app

    async def handle(self, request: Request) -> Response:
        response = await self._answer(request)
        WEBHOOK.labels(response.status_code).inc()
        return response

    async def _answer(self, request: Request) -> Response:
        """200: stored, or nothing that could be stored. 401: not Telegram. 503: not now, try again.

        400: an incomplete body, or no update; the third time the latter gets 200, because Telegram
        repeats without end what is not answered with 200.
        """
        if not self._is_telegram(request):
            tell = log.warning if self._lines.take("strangers") else log.debug
            return _refuse(request, 401, "wrong secret", tell)
        body = await _read(request)
        if body is None:
            return _refuse(request, 400, "the body breaks off")
        try:
            entry = read_body(body, self._bot, self._partitions)
        except InvalidInput as error:
            UNREADABLE.labels("no_update_id").inc()
            status = 200 if self._refusals.suffice(body) else 400
            return _refuse(request, status, f"not an update: {error}")
        try:
            await self._receive([entry])
        except TransientError as error:
            log.warning("webhook.not_stored", update_id=entry.update_id, reason=str(error))
            return PlainTextResponse("", 503, headers={"Retry-After": "1"})
        return PlainTextResponse("")

    def _is_telegram(self, request: Request) -> bool:
        given = request.headers.get(SECRET_HEADER, "")
        return compare_digest(given.encode(), self._secret.encode())


class _Refusals:
    """How often each of the last bodies has been refused."""

    def __init__(self) -> None:
        self._known: Recent[bytes, int] = Recent(REMEMBERED_REFUSALS)

    def suffice(self, body: bytes) -> bool:
        """Whether this body has already been refused ``MOST_REFUSALS`` times; each call counts."""
        digest = sha256(body).digest()
        times = self._known.get(digest, 0)
        self._known[digest] = times + 1
        return times >= MOST_REFUSALS


async def _live(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _read(request: Request) -> bytes | None:
    """The body, cut where it is too large; None when it breaks off or is far too long.

    A body is read to its end, because a sender may take an answer in the middle for a failure.
    """
    parts, heard = bytearray(), 0
    try:
        async for part in request.stream():
            heard += len(part)
            if len(parts) <= MOST_BYTES:
                parts += part
            if heard > MOST_HEARD:
                return None
    except ClientDisconnect:
        return None
    return bytes(parts[: MOST_BYTES + 1])


def _refuse(
    request: Request, status: int, reason: str, tell: Callable[..., Any] = log.warning
) -> Response:
    peer = request.client.host if request.client else None
    tell("webhook.refused", status=status, reason=reason, peer=peer)
    return PlainTextResponse("", status)
