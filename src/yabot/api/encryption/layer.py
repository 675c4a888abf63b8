"""Layers for encrypted bodies, of which the rest of the API knows nothing: requests are decrypted
on their way in, when their turn has come, and answers are encrypted on their way out.
"""

from yabot.api.answering.answers import CORRELATION_ID, Answer
from yabot.api.answering.failing import failure
from yabot.api.answering.problems import Refused
from yabot.api.encryption.exchange import EXCHANGE, JOSE, Exchange
from yabot.api.phases import App, Message, Receive, Send


class Decrypting:
    """An ASGI application around the handlers, which get the decrypted requests."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        exchange: Exchange | None = scope.get(EXCHANGE)
        if exchange is None:
            await self._app(scope, receive, send)
            return
        refused: Refused
        try:
            await exchange.prove()
            body = exchange.open()
        except Refused as error:
            refused = error
        except Exception as error:  # noqa: BLE001 - told in the log, and to the client in our form
            refused = failure(scope["correlation_id"], error)
        else:
            await self._app(scope, _giving(body, receive), send)
            return
        answer = Answer.of_refusal(refused, scope["correlation_id"]).response
        await answer(scope, receive, send)


class Encrypting:
    """An ASGI application around all others, also around the one that records the answers."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, _Answer(scope, receive, send).send)


class _Answer:
    """An answer; if it is to be encrypted, it is held back until it is complete."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._start: Message = {}
        self._body = b""

    async def send(self, message: Message) -> None:
        exchange: Exchange | None = self._scope.get(EXCHANGE)
        if exchange is None or not exchange.encrypts:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self._start = message
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_encrypted(exchange)

    async def _send_encrypted(self, exchange: Exchange) -> None:
        named: str = self._scope["correlation_id"]
        try:
            content = exchange.encrypted(self._start["status"], self._start["headers"], self._body)
        except Exception as error:  # noqa: BLE001 - nothing of the answer goes out in plain text
            answer = Answer.of_refusal(failure(named, error), named).response
            answer.headers[CORRELATION_ID] = named
            await answer(self._scope, self._receive, self._send)
            return
        headers = [
            (b"content-type", JOSE),
            (b"content-length", str(len(content)).encode()),
            (b"cache-control", b"no-store"),
            (CORRELATION_ID.lower().encode(), named.encode()),
        ]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        await self._send({"type": "http.response.body", "body": content})


def _giving(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives ``body`` first, and then what ``receive`` gives."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again
