"""What every request passes before a handler sees it: finds out who asks, and names the request."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import unquote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders

from yabot.api.admission.arriving import arrived
from yabot.api.admission.fairness import Fairness
from yabot.api.answering.answers import CORRELATION_ID, Answer
from yabot.api.answering.failing import failure
from yabot.api.answering.problems import Refused
from yabot.api.caller import Caller
from yabot.api.encryption.exchange import EXCHANGE, Exchange, Exchanges
from yabot.api.operations.routes import PREFIX
from yabot.api.phases import App, Message, Receive, Send

_ENCODED_SLASH = re.compile(b"%2f", re.IGNORECASE)
_CORRELATION_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")

# Gives the caller for the ASGI scope of a request. Raises Refused.
Authenticate = Callable[[Message], Awaitable[Caller]]


class Admission:
    """An ASGI application around the API's own."""

    def __init__(
        self,
        app: App,
        authenticate: Authenticate,
        fairness: Fairness,
        exchanges: Exchanges | None = None,
    ) -> None:
        """``exchanges`` are needed where a token may be valid for one request alone."""
        self._app = app
        self._authenticate = authenticate
        self._fairness = fairness
        self._exchanges = exchanges

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        scope["path"] = _path_of(scope)
        given = Headers(scope=scope).get(CORRELATION_ID)
        scope["correlation_id"] = _well_formed(given) or str(uuid4())
        told: dict[str, str] = {}

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({CORRELATION_ID: scope["correlation_id"], **told})
                headers.setdefault("Cache-Control", "private, no-cache")
            await send(message)

        if not scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send_named)
            return
        try:
            caller: Caller = await self._authenticate(scope)
            receive = await self._arrived(scope, receive, caller)
            scope["caller"] = caller
            standing = await self._fairness.enter(caller.service)
        except Refused as refused:
            await self._refuse(refused, scope, receive, send_named)
            return
        except Exception as error:  # noqa: BLE001 - told in the log, and to the client in our form
            failed = failure(scope["correlation_id"], error)
            await self._refuse(failed, scope, receive, send_named)
            return
        told.update(standing.headers)
        turn = _Turn(partial(self._fairness.leave, caller.service), send_named)
        try:
            await self._app(scope, receive, turn.send)
        finally:
            turn.end()

    async def _arrived(self, scope: Message, receive: Receive, caller: Caller) -> Receive:
        """Wait for the body; returns what gives it at once. Raises Refused."""
        if caller.binding is None:
            return await arrived(scope, receive)
        assert self._exchanges is not None
        exchange = await self._exchanges.begin(scope, receive, caller, caller.binding)
        scope[EXCHANGE] = exchange
        if signed := _well_formed(exchange.signed(CORRELATION_ID)):
            scope["correlation_id"] = signed
        return receive

    async def _refuse(self, refused: Refused, scope: Message, receive: Receive, send: Send) -> None:
        exchange: Exchange | None = scope.get(EXCHANGE)
        await self._fairness.enter_to_refuse()
        turn = _Turn(self._fairness.leave_refused, send)
        try:
            if exchange is not None:
                refused = await exchange.refusing(refused)
            answer = Answer.of_refusal(refused, scope["correlation_id"]).response
            await answer(scope, receive, turn.send)
        finally:
            turn.end()


def _path_of(scope: Message) -> str:
    """The path for the routes: a percent-encoded slash stays part of an id, so it leads to no other
    operation.
    """
    path: str = scope["path"]
    raw: bytes = scope.get("raw_path") or b""
    if not _ENCODED_SLASH.search(raw):
        return path
    return unquote(_ENCODED_SLASH.sub(b"%252F", raw).decode("ascii"))


def _well_formed(given: str | None) -> str | None:
    """The correlation id that a client has given, if it is well-formed."""
    return given if given and _CORRELATION_ID.fullmatch(given) else None


class _Turn:
    """Ends once, when the answer begins to go out: the client may read it as slowly as it likes."""

    def __init__(self, leave: Callable[[], None], send: Send) -> None:
        self._leave: Callable[[], None] | None = leave
        self._send = send

    async def send(self, message: Message) -> None:
        self.end()
        await self._send(message)

    def end(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()
