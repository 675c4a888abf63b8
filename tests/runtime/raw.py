"""A client that says what it likes, byte by byte, and when it likes."""

import asyncio
import socket
from collections.abc import Callable
from typing import TypeVar

from tests.waiting import PATIENCE

T = TypeVar("T")


class Raw:
    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        """``host`` is the address that it comes from: any of loopback."""
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE, (host, 0))

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_error: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def to_the_end(self) -> bytes:
        """All that comes until the other side ends the connection."""
        heard = b""
        try:
            while part := self._socket.recv(65536):
                heard += part
        except ConnectionError:
            pass
        return heard

    def until(self, mark: bytes) -> bytes:
        """What comes, up to ``mark`` at least."""
        heard = b""
        while mark not in heard:
            part = self._socket.recv(65536)
            assert part, f"it ended after {heard[:1000]!r}"
            heard += part
        return heard

    def send_until_refused(self, data: bytes) -> None:
        """A little all the while, until the other side ends the connection."""
        self._socket.settimeout(0.005)
        while True:
            try:
                self._socket.sendall(data)
                if not self._socket.recv(1):
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return


async def in_thread(call: Callable[[], T]) -> T:
    return await asyncio.to_thread(call)
