"""The webhook: an update is stored before Telegram hears 200."""

from collections.abc import Awaitable, Callable, Sequence
from hmac import compare_digest

from aiogram import Bot
from aiogram.types import Update
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from yabot.bot.intake import read_update
from yabot.errors import InvalidInput, StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.observability.metrics import WEBHOOK

log = get_logger(__name__)

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
# Telegram's updates are a few kilobytes; its longest texts stay far below this.
MOST_BYTES = 256 * 1024

Receive = Callable[[Sequence[Update]], Awaitable[None]]


class WebhookHandler:
    """Takes one update a request. What is not Telegram's is refused, and never with a 5xx."""

    def __init__(self, bot: Bot, path: str, secret: str, receive: Receive) -> None:
        self._bot = bot
        self._path = path
        self._secret = secret
        self._receive = receive

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(self._path, self.handle, methods=["POST"]),
                Route("/health/live", _live, methods=["GET"]),
            ]
        )

    async def handle(self, request: Request) -> Response:
        response = await self._answer(request)
        WEBHOOK.labels(response.status_code).inc()
        return response

    async def _answer(self, request: Request) -> Response:
        """200: stored. 401, 413, 400: not an update from Telegram. 503: SQL is away, come again."""
        if not self._is_telegram(request):
            return _refuse(request, 401, "wrong secret")
        body = await _read(request)
        if body is None:
            return _refuse(request, 413, "too large")
        try:
            update = read_update(body, self._bot)
        except InvalidInput as error:
            return _refuse(request, 400, f"not an update: {error}")
        try:
            await self._receive([update])
        except StoreUnavailable as error:
            log.warning("webhook.not_stored", update_id=update.update_id, reason=str(error))
            return PlainTextResponse("", 503, headers={"Retry-After": "1"})
        return PlainTextResponse("")

    def _is_telegram(self, request: Request) -> bool:
        given = request.headers.get(SECRET_HEADER, "")
        return compare_digest(given.encode(), self._secret.encode())


async def _live(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _read(request: Request) -> bytes | None:
    """The body; None when it is longer than an update can be, or breaks off."""
    parts = bytearray()
    try:
        async for part in request.stream():
            parts += part
            if len(parts) > MOST_BYTES:
                return None
    except ClientDisconnect:
        return None
    return bytes(parts)


def _refuse(request: Request, status: int, reason: str) -> Response:
    peer = request.client.host if request.client else None
    log.warning("webhook.refused", status=status, reason=reason, peer=peer)
    return PlainTextResponse("", status)
