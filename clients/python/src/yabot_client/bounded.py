"""Connections on which a request ends in time: httpcore's time-outs begin anew with each octet."""

import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

# Seconds that the request of this thread has left.
_left: ContextVar[Callable[[], float] | None] = ContextVar("yabot_seconds_left", default=None)


@contextmanager
def bounded_by(left: Callable[[], float]) -> Iterator[None]:
    """Whatever a ``BoundedTransport`` sends and receives inside ends when nothing is left."""
    token = _left.set(left)
    try:
        yield
    finally:
        _left.reset(token)


class BoundedTransport(httpx.HTTPTransport):
    def __init__(self, context: ssl.SSLContext, proxy: httpx.Proxy | None) -> None:
        super().__init__(verify=context, trust_env=False, proxy=proxy)
        # httpx, which brings httpcore along, has no argument for it. It is read before it is
        # replaced, so that a version without it fails here, and not when somebody waits.
        self._pool._network_backend = _BoundedBackend(self._pool._network_backend)


class _BoundedBackend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        rest = _rest(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(
            self._backend.connect_tcp(host, port, rest, local_address, socket_options)
        )


class _BoundedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _rest(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _rest(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        rest = _rest(timeout, httpcore.ConnectTimeout)
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, rest))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _rest(timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
    """Seconds for one step. Raises ``late`` when there are none."""
    if (left := _left.get()) is None:
        return timeout
    if (seconds := left()) <= 0:
        raise late
    return seconds if timeout is None else min(timeout, seconds)
