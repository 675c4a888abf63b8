"""A server that answers as a test says, well or badly, over real sockets."""

import base64
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.waiting import PATIENCE, wait_until

CLOSED_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Got:
    """A request."""

    method: str
    target: str
    # By their names in small letters.
    headers: Mapping[str, str]
    body: bytes

    @property
    def token(self) -> str:
        return self.headers["authorization"].removeprefix("Bearer ")

    @property
    def claims(self) -> dict[str, Any]:
        """What its token says."""
        payload = self.token.split(".")[1]
        found: dict[str, Any] = json.loads(
            base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        )
        return found


Behaviour = Callable[[socket.socket, Got], None]


def says(
    status: int = 200, body: object = None, content: bytes | None = None, **headers: str
) -> Behaviour:
    """``Retry_After`` is the header Retry-After."""
    if content is None:
        content = b"" if body is None else json.dumps(body).encode()
    kind = "application/json" if status < 400 else "application/problem+json"
    named = {"Content-Type": kind, "Content-Length": str(len(content))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return sends(f"HTTP/1.1 {status} Said\r\nConnection: close\r\n{head}\r\n".encode() + content)


def refuses(status: int, code: str, detail: str = "It is so.", **headers: str) -> Behaviour:
    problem = {"code": code, "detail": detail, "correlation_id": "c-1"}
    return says(status, problem, None, **headers)


def sends(octets: bytes) -> Behaviour:
    return lambda connection, _: connection.sendall(octets)


def resets(connection: socket.socket, _: Got) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSED_AT_ONCE)


def truncates(connection: socket.socket, _: Got) -> None:
    connection.sendall(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"a'
    )


def keeps_silent(connection: socket.socket, _: Got) -> None:
    """Until the client gives up."""
    connection.recv(1)


def drips_headers(connection: socket.socket, _: Got) -> None:
    """Octet by octet, until the client gives up."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _goes_on(connection, b"a")


def hints_without_end(connection: socket.socket, _: Got) -> None:
    """One interim answer behind the other, until the client gives up."""
    _goes_on(connection, b"HTTP/1.1 103 Early Hints\r\n\r\n")


def _goes_on(connection: socket.socket, part: bytes) -> None:
    ends_at = time.monotonic() + PATIENCE
    while time.monotonic() < ends_at:
        connection.sendall(part)
        time.sleep(0.01)


@dataclass
class FaultyServer:
    listener: socket.socket
    tls: Callable[[], ssl.SSLContext] | None = None
    # One for each request; the last one goes on.
    behaviours: list[Behaviour] = field(default_factory=lambda: [says(200, {})])
    got: list[Got] = field(default_factory=list)
    # By where it came from, what answers a connection.
    _answering: dict[Any, threading.Thread] = field(default_factory=dict)

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://localhost:{self.listener.getsockname()[1]}"

    def behaves(self, *behaviours: Behaviour) -> None:
        """From now on."""
        self.behaviours = list(behaviours)
        self.got.clear()

    def serve(self) -> None:
        while True:
            try:
                connection, client = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer, args=[connection], daemon=True)
            thread.start()
            self._answering[client] = thread

    def settle(self) -> None:
        """Until it has got all that clients have sent that have hung up."""
        # Whoever has connected before is accepted before.
        with socket.create_connection(self.listener.getsockname()) as last:
            place = last.getsockname()
        wait_until(lambda: place in self._answering)
        for thread in list(self._answering.values()):
            thread.join(PATIENCE)

    def _answer(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls().wrap_socket(connection, server_side=True)
            with connection:
                if (got := _request(connection)) is None:
                    return
                self.got.append(got)
                at = min(len(self.got), len(self.behaviours)) - 1
                self.behaviours[at](connection, got)
        except OSError:
            connection.close()


def _request(connection: socket.socket) -> Got | None:
    octets = b""
    while b"\r\n\r\n" not in octets:
        if not (part := connection.recv(65536)):
            return None
        octets += part
    head, _, body = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, target, _ = first.split(" ")
    return Got(method, target, headers, body)


@contextmanager
def faulty_server(tls: Callable[[], ssl.SSLContext] | None = None) -> Iterator[FaultyServer]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = FaultyServer(listener, tls)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
