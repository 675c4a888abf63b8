"""HTTP with a time limit on each step, so that a silent client cannot hold a connection."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from yabot.clock import utc_now
from yabot.observability.metrics import HANGUPS
from yabot.runtime.connections import Connections
from yabot.runtime.peer import NOBODY, PEER, peer_at


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener grants its clients; times are in seconds."""

    # For the TLS handshake, and again for the whole head of each request.
    head_within: float = 10.0
    # For the whole body, however it comes.
    body_within: float = 30.0
    # Between two requests. Clients with connection pools drop idle connections sooner, most after
    # five seconds, so that we do not close one on which they are just sending.
    idle_for: int = 8
    # While a client reads nothing of its answer.
    reader_within: float = 30.0
    connections: int = 500


USUAL = Limits()
LARGEST_HEAD = 64 * 1024
# Chunks of one body. Even a tiny chunk costs as much to read as hundreds of octets.
MOST_CHUNKS = 4096
CLOSE = (b"connection", b"close")
# The answer to bytes that are no request, in the form of the API's problems.
NO_REQUEST = {
    "type": "urn:yabot:problem:malformed_request",
    "title": "Bad Request",
    "status": 400,
    "code": "malformed_request",
    "detail": (
        "This is no HTTP/1.1 request, its head is larger than 64 KiB, or its body comes in more"
        f" than {MOST_CHUNKS} chunks."
    ),
}


class UnambiguousConnection(h11.Connection):
    """h11's connection, but it refuses a body with two kinds of length. h11 would follow one of
    them; a proxy in front of us may follow the other, and what is a body to it would be a request
    to us. It also limits the number of chunks.

    If ``is_last`` says so, an answer announces that the connection will be closed.
    """

    def __init__(self, is_last: Callable[[], bool]) -> None:
        super().__init__(h11.SERVER, LARGEST_HEAD)
        self._is_last = is_last
        self._chunks = 0

    def send(self, event: Any) -> Any:
        if isinstance(event, h11.Response) and self._is_last() and CLOSE not in event.headers:
            event = h11.Response(
                status_code=event.status_code,
                headers=[*event.headers, CLOSE],
                reason=event.reason,
            )
        return super().send(event)

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            self._chunks = 0
            named = {name for name, _ in event.headers}
            if {b"content-length", b"transfer-encoding"} <= named:
                raise h11.RemoteProtocolError("both Content-Length and Transfer-Encoding")
        elif isinstance(event, h11.Data) and event.chunk_start:
            self._chunks += 1
            if self._chunks > MOST_CHUNKS:
                raise h11.RemoteProtocolError("too many chunks")
        return event


class TimedProtocol(H11Protocol):
    """uvicorn's protocol with time limits: its own waits without end for requests and readers."""

    def __init__(
        self,
        *args: Any,
        limits: Limits,
        crowd: Connections,
        is_outdated: Callable[[], bool],
        **options: Any,
    ) -> None:
        """``is_outdated`` tells whether the authorities have changed since the connection began."""
        super().__init__(*args, **options)
        self.conn = UnambiguousConnection(self._is_last)
        self._is_outdated = is_outdated
        self._peer = NOBODY
        self._limits = limits
        self._crowd = crowd
        self._awaited: object = None
        self._for_request: asyncio.TimerHandle | None = None
        self._for_reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = peer_at(
            transport, self.client and self.client[0], self.server and self.server[0]
        )
        self.app_state = {**self.app_state, PEER: self._peer}
        if self._certificate_has_ended():
            # A resumed TLS 1.2 session is not verified again.
            transport.abort()
            return
        self._reconsider()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._reconsider()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._reconsider()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        for timer in (self._for_request, self._for_reader):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._for_reader = self._later(self._limits.reader_within, "reader")

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._for_reader is not None:
            self._for_reader.cancel()
            self._for_reader = None

    def send_400_response(self, _msg: str) -> None:
        """Answer in the form of the API's problems; uvicorn's own answer is plain text.

        If the client has been answered already, the connection is closed without another answer. A
        handler that still runs is told that the client has gone: its answer would be a second one.
        """
        HANGUPS.labels("request").inc()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        name = str(uuid4())
        body = json.dumps({**NO_REQUEST, "correlation_id": name}).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-correlation-id", name.encode()),
            CLOSE,
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _is_last(self) -> bool:
        """Whether this connection has to end, because it might not be let in if it began now."""
        return self._is_outdated() or self._certificate_has_ended()

    def _certificate_has_ended(self) -> bool:
        certificate = self._peer.certificate
        return certificate is not None and certificate.ends_at <= utc_now()

    def _reconsider(self) -> None:
        """Start the timer for what is due now: a head, a body, or nothing.

        The timer is not restarted by each piece of a head or body.
        """
        state = self.conn.their_state
        awaited = (state, self.cycle)
        if awaited == self._awaited:
            return
        self._awaited = awaited
        self._show_busy(busy=state not in (h11.IDLE, h11.SEND_BODY))
        if self._for_request is not None:
            self._for_request.cancel()
            self._for_request = None
        if state is h11.IDLE:
            self._for_request = self._later(self._limits.head_within, "head")
        elif state is h11.SEND_BODY:
            self._for_request = self._later(self._limits.body_within, "body")

    def _show_busy(self, *, busy: bool) -> None:
        if self.client is not None:
            self._crowd.show_busy(self.client, busy=busy)

    def _later(self, seconds: float, missing: str) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self._hang_up, missing)

    def _hang_up(self, missing: str) -> None:
        if missing == "body" and self.flow.read_paused:
            # The client is not late: what it has sent waits for us.
            self._for_request = self._later(self._limits.body_within, missing)
            return
        HANGUPS.labels(missing).inc()
        self.transport.abort()
