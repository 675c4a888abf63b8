"""Listeners with TLS, and clients that show certificates."""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.certificates import Authority, Leaf, put
from tests.waiting import PATIENCE
from yabot.runtime.http import HttpServer
from yabot.runtime.http_protocol import USUAL, Limits
from yabot.runtime.peer import peer_of
from yabot.runtime.tls import ServerCertificate

SOON = 0.05
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@dataclass
class Place:
    """Where the files of a listener are; ``ours`` signs its certificates, ``clients`` theirs."""

    folder: Path
    ours: Authority
    clients: Authority

    @classmethod
    def made(cls, folder: Path) -> "Place":
        place = cls(folder, Authority("ours"), Authority("clients"))
        place.ours.leaf().write(folder)
        place.believe(place.clients)
        return place

    @property
    def authorities(self) -> Path:
        return self.folder / "clients.pem"

    def believe(self, *authorities: Authority) -> None:
        put(self.authorities, b"".join(each.pem for each in authorities))

    def files(self, *, asks: bool = True) -> ServerCertificate:
        return ServerCertificate(
            self.folder / "server.crt",
            self.folder / "server.key",
            self.authorities if asks else None,
            look_every=SOON,
        )

    def client(
        self, shows: Leaf | None = None, version: ssl.TLSVersion | None = None
    ) -> ssl.SSLContext:
        """Whoever it is trusts the listener."""
        context = self.ours.trusted(shows, self.folder / "client")
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context


async def tell(request: Request) -> Response:
    """How the client is seen."""
    peer = peer_of(request.scope)
    shown = peer.certificate
    return JSONResponse(
        {
            "scheme": request.url.scheme,
            "encrypted": peer.encrypted,
            "local": peer.local,
            "asked": peer.asked,
            "fingerprint": shown and shown.fingerprint,
            "names": shown and sorted(shown.dns_names),
        }
    )


@asynccontextmanager
async def serving(tls: ServerCertificate, limits: Limits = USUAL) -> AsyncIterator[HttpServer]:
    app = Starlette(routes=[Route("/", tell, methods=["GET", "POST"])])
    server = HttpServer(app, "127.0.0.1", 0, variable="PORT", tls=tls, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def asked(url: str, trusted: ssl.SSLContext) -> dict[str, object]:
    """On a connection of its own."""
    async with ClientSession() as session, session.get(url, ssl=trusted) as answer:
        return dict(await answer.json())


def port_of(server: HttpServer) -> int:
    return int(server.url.rpartition(":")[2])


class Shaken:
    """A connection whose handshake is done, that asks again and again."""

    def __init__(
        self, port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None
    ) -> None:
        plain = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket = context.wrap_socket(plain, server_hostname="localhost", session=session)

    def __enter__(self) -> "Shaken":
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()

    def ask(self) -> bytes:
        """The answer; empty, if there is none any more."""
        heard = b""
        try:
            self.socket.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            while not heard.endswith(b"}"):
                part = self.socket.recv(65536)
                if not part:
                    break
                heard += part
        except OSError:
            pass
        return heard
