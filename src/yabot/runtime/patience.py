"""HTTP with whom time is short: nobody holds a connection by keeping silent."""

import asyncio
import hashlib
import json
import ssl
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from yabot.observability.metrics import HANGUPS
from yabot.runtime.connections import Connections


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener gives to strangers; times in seconds."""

    # For the handshake of TLS, and again for the whole head of each request.
    head_within: float = 10.0
    # For the whole body, however it comes.
    body_within: float = 30.0
    # Without taking anything of an answer that waits for its reader.
    reader_within: float = 30.0
    connections: int = 500


USUAL = Limits()
LARGEST_HEAD = 64 * 1024
# What is answered to bytes that are no request: a problem of the API, of its own form.
NO_REQUEST = {
    "type": "urn:yabot:problem:malformed_request",
    "title": "Bad Request",
    "status": 400,
    "code": "malformed_request",
    "detail": "This is no HTTP/1.1 request, or its head is larger than 64 KiB.",
}
# In the state of a request's scope: the SHA-256 of the certificate that the client has shown.
CLIENT_CERTIFICATE = "client_certificate"


class UnambiguousConnection(h11.Connection):
    """h11's, which would take the one length of a body and pass over the other: a proxy before us
    may take the other, and what is a body to it would be a request to us.
    """

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, h11.Request):
            named = {name for name, _ in event.headers}
            if {b"content-length", b"transfer-encoding"} <= named:
                raise h11.RemoteProtocolError("both Content-Length and Transfer-Encoding")
        return event


class PatientProtocol(H11Protocol):
    """uvicorn's, which waits for a request without end, and for whoever reads its answer."""

    def __init__(self, *args: Any, limits: Limits, crowd: Connections, **options: Any) -> None:
        super().__init__(*args, **options)
        self.conn = UnambiguousConnection(h11.SERVER, LARGEST_HEAD)
        self._limits = limits
        self._crowd = crowd
        self._awaited: object = None
        self._for_request: asyncio.TimerHandle | None = None
        self._for_reader: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if certificate := _fingerprint(transport):
            self.app_state = {**self.app_state, CLIENT_CERTIFICATE: certificate}
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
        """As the API tells everything that it refuses; uvicorn's own is plain text."""
        name = str(uuid4())
        body = json.dumps({**NO_REQUEST, "correlation_id": name}).encode()
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-correlation-id", name.encode()),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _reconsider(self) -> None:
        """Begin to wait for what is due now: a head, a body, or nothing.

        The time for one does not begin anew with each piece of it.
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
            (self._crowd.busy.add if busy else self._crowd.busy.discard)(self.client)

    def _later(self, seconds: float, missing: str) -> asyncio.TimerHandle:
        return self.loop.call_later(seconds, self._hang_up, missing)

    def _hang_up(self, missing: str) -> None:
        if missing == "body" and self.flow.read_paused:
            # Not the client is late: what it has sent waits for us.
            self._for_request = self._later(self._limits.body_within, missing)
            return
        HANGUPS.labels(missing).inc()
        self.transport.abort()


def _fingerprint(transport: asyncio.BaseTransport) -> str | None:
    connection: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    certificate = connection.getpeercert(binary_form=True) if connection else None
    return hashlib.sha256(certificate).hexdigest() if certificate else None
