"""What travels between a service and an API, octet by octet, and whoever stands in between."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from tests.api.auth.asking import an_address

M = TypeVar("M")

Lines = tuple[tuple[str, str], ...]
# What a sender says of the connection and of the body's length: said anew by each.
OF_THE_HOP = {"connection", "content-length", "host"}


@dataclass(frozen=True)
class Sent:
    method: str
    target: str
    headers: Lines = ()
    content: bytes = b""

    def but(self, **changed: Any) -> "Sent":
        return replace(self, **changed)

    def header(self, name: str) -> str:
        return {known.lower(): value for known, value in self.headers}[name.lower()]

    def with_header(self, name: str, value: str | None) -> "Sent":
        """In place of those of that name; None: without."""
        kept = tuple(each for each in self.headers if each[0].lower() != name.lower())
        return self.but(headers=kept if value is None else (*kept, (name, value)))

    @property
    def octets(self) -> bytes:
        told = {name.lower() for name, _ in self.headers}
        lines = [("Host", "localhost"), ("Connection", "close"), *self.headers]
        if self.content and not told & {"content-length", "transfer-encoding"}:
            lines.append(("Content-Length", str(len(self.content))))
        return _octets(f"{self.method} {self.target} HTTP/1.1", lines, self.content)


@dataclass(frozen=True)
class Came:
    """``headers`` by their names in small letters."""

    status: int
    headers: dict[str, str]
    content: bytes

    def but(self, **changed: Any) -> "Came":
        return replace(self, **changed)

    @property
    def octets(self) -> bytes:
        lines = [each for each in self.headers.items() if each[0] not in OF_THE_HOP]
        lines += [("Connection", "close"), ("Content-Length", str(len(self.content)))]
        return _octets(f"HTTP/1.1 {self.status} Anything", lines, self.content)


async def send(sent: Sent, port: int, tls: ssl.SSLContext | None = None) -> Came:
    """To this machine, from an address of its own."""
    name = None if tls is None else "localhost"
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname=name, local_addr=(an_address(), 0)
    )
    try:
        writer.write(sent.octets)
        await writer.drain()
        first, headers, content = await _message(reader)
        return Came(int(first.split()[1]), {k.lower(): v for k, v in headers}, content)
    finally:
        writer.close()


def _as_it_is(message: M) -> M:
    return message


@dataclass
class Meddler:
    """Ends TLS in front of an API, and does what whoever runs such a thing can do."""

    api_port: int
    port: int = 0
    # All that has passed, as it came.
    heard: list[tuple[Sent, Came]] = field(default_factory=list)
    change_request: Callable[[Sent], Sent] = _as_it_is
    change_answer: Callable[[Came], Came] = _as_it_is

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            first, headers, content = await _message(reader)
            method, target, _ = first.split(" ")
            named = tuple(each for each in headers if each[0].lower() not in OF_THE_HOP)
            sent = Sent(method, target, named, content)
            meddles = target.startswith("/api/")
            changed = self.change_request(sent) if meddles else sent
            came = await send(changed, self.api_port)
            self.heard.append((sent, came))
            writer.write((self.change_answer(came) if meddles else came).octets)
            await writer.drain()
        writer.close()

    def behave(self) -> None:
        self.change_request = self.change_answer = _as_it_is


@asynccontextmanager
async def meddling(api_port: int, certificate: Path) -> AsyncIterator[Meddler]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    meddler = Meddler(api_port)
    server = await asyncio.start_server(meddler.meet, "127.0.0.1", 0, ssl=context)
    async with server:
        meddler.port = server.sockets[0].getsockname()[1]
        yield meddler


def _octets(first: str, lines: Any, content: bytes) -> bytes:
    told = [first, *(f"{name}: {value}" for name, value in lines), "", ""]
    return "\r\n".join(told).encode("latin-1") + content


async def _message(reader: asyncio.StreamReader) -> tuple[str, list[tuple[str, str]], bytes]:
    """Raises IncompleteReadError."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = int({name.lower(): value for name, value in headers}.get("content-length", 0))
    return first, headers, await reader.readexactly(length)
