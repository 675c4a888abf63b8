"""What came over the network, in the words of the logic: bounded in size and time."""

import ssl
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from yabot_client.wire import Failure, HttpRequest, HttpResponse

# Octets. The largest answer of YABOT's is a tenth of that, encrypted.
LARGEST = 16 * 1024 * 1024


class TooMuch(Exception):
    """More octets than any answer has."""


class TooLate(Exception):
    """Octets come, but not the last one in time."""


class Receiving:
    """One response, part by part."""

    def __init__(self, request: HttpRequest, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._ends_at = monotonic() + request.timeout
        self._content = bytearray()
        self._is_sent = False

    def add(self, part: bytes) -> None:
        """Raises TooMuch, TooLate."""
        self._content += part
        if len(self._content) > LARGEST:
            raise TooMuch
        if self.left() < 0:
            raise TooLate

    def left(self) -> float:
        """Seconds."""
        return self._ends_at - self._monotonic()

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        """Told by httpx what an asynchronous request does: ``late`` has to know how far it came."""
        if event.endswith("send_request_headers.started"):
            self._is_sent = True

    def late(self) -> Exception:
        """What it means that the time is over."""
        return TooLate() if self._is_sent else httpx.ConnectTimeout("")

    def response(self, response: httpx.Response) -> HttpResponse:
        return HttpResponse(response.status_code, response.headers, bytes(self._content))


def built(request: HttpRequest) -> httpx.Request:
    extensions = {"timeout": httpx.Timeout(request.timeout).as_dict()}
    return httpx.Request(
        request.method,
        request.url,
        headers=request.headers,
        content=request.content or None,
        extensions=extensions,
    )


# What these raise ends a request without a response; OSError, as TLS raises some of its own.
FAILURES = (httpx.TransportError, httpx.StreamError, OSError, TooMuch, TooLate)


def failure_of(error: Exception) -> Failure:
    """In our words alone: a library's may quote what was sent."""
    if isinstance(error, TooMuch):
        return Failure(f"The answer has more than {LARGEST} octets.", True, is_final=True)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.LocalProtocolError):
        return Failure("The request is none that HTTP can send.", False, is_final=True)
    if isinstance(error, httpx.TimeoutException | TooLate):
        if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
            return Failure("No connection to YABOT came about in time.", False)
        return Failure("YABOT did not answer in time.", True)
    return _broken(error)


def _broken(error: Exception) -> Failure:
    wrong = _tls_error(error)
    if isinstance(wrong, ssl.SSLCertVerificationError):
        why = f"YABOT's certificate is not believed: {wrong.verify_message}."
        return Failure(why, False, is_final=True)
    if wrong is not None and "ALERT" in (wrong.reason or ""):
        return Failure("YABOT does not take our certificate, or needs one.", False)
    if isinstance(error, httpx.ConnectError | httpx.ProxyError):
        return Failure("There is no connection to YABOT.", False)
    return Failure("The connection to YABOT broke before the whole answer had come.", True)


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error
