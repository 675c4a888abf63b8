"""TLS of a listener: what it shows, whom it lets in, and for how long it waits for a handshake."""

import hashlib
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.runtime.raw import Raw, in_thread
from yabot.runtime.http import HttpServer
from yabot.runtime.patience import CLIENT_CERTIFICATE, USUAL, Limits
from yabot.runtime.tls import ServerCertificate

pytestmark = pytest.mark.engine

CERTIFICATES = Path(__file__).parents[2] / "deploy/certificates.sh"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, each with a certificate for localhost."""
    directory = tmp_path_factory.mktemp("certificates")
    for authority in ("ours", "foreign"):
        subprocess.run(
            [CERTIFICATES, directory / authority, "host"], check=True, capture_output=True
        )
    return directory


@pytest.fixture
def certificate(made: Path) -> ServerCertificate:
    return ServerCertificate(made / "ours/host/server.crt", made / "ours/host/server.key")


async def scheme(request: Request) -> Response:
    return PlainTextResponse(request.url.scheme)


async def client(request: Request) -> Response:
    return PlainTextResponse(str(request.scope["state"].get(CLIENT_CERTIFICATE)))


@asynccontextmanager
async def serving(tls: ServerCertificate, limits: Limits = USUAL) -> AsyncIterator[HttpServer]:
    app = Starlette(routes=[Route("/", scheme), Route("/client", client)])
    server = HttpServer(app, "127.0.0.1", 0, variable="PORT", tls=tls, limits=limits)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def asked(url: str, trusted: ssl.SSLContext) -> str:
    async with ClientSession() as session, session.get(url, ssl=trusted) as answer:
        return await answer.text()


def trusting(made: Path, client: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=made / "ours/ca/ca.pem")
    if client:
        context.load_cert_chain(made / client / "host/server.pem")
    return context


async def test_it_shows_the_certificate(made: Path, certificate: ServerCertificate) -> None:
    async with serving(certificate) as server:
        assert server.url.startswith("https://")
        assert await asked(server.url, trusting(made)) == "https"
        with pytest.raises(ClientError):
            await asked(server.url, ssl.create_default_context(cafile=made / "foreign/ca/ca.pem"))
        with pytest.raises(ClientError):
            await asked(server.url.replace("https", "http"), trusting(made))


@pytest.mark.parametrize(("client", "let_in"), [("ours", True), ("foreign", False), (None, False)])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_clients_need_a_certificate_of_the_authority_named(
    made: Path,
    certificate: ServerCertificate,
    client: str | None,
    let_in: bool,
    version: ssl.TLSVersion,
) -> None:
    context = trusting(made, client)
    context.maximum_version = version
    async with serving(replace(certificate, client_ca=made / "ours/ca/ca.pem")) as server:
        if let_in:
            assert await asked(server.url, context) == "https"
        else:
            with pytest.raises(ClientError):
                await asked(server.url, context)


async def test_who_has_shown_a_certificate_is_known_by_it(
    made: Path, certificate: ServerCertificate
) -> None:
    pem = (made / "ours/host/server.crt").read_text()
    shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    async with serving(replace(certificate, client_ca=made / "ours/ca/ca.pem")) as server:
        assert await asked(f"{server.url}/client", trusting(made, "ours")) == shown
    async with serving(certificate) as server:
        assert await asked(f"{server.url}/client", trusting(made)) == "None"


async def test_a_handshake_that_does_not_come_ends_the_connection(
    certificate: ServerCertificate,
) -> None:
    async with serving(certificate, Limits(head_within=0.05)) as server:
        with Raw(int(server.url.rpartition(":")[2])) as silent:
            assert await in_thread(silent.to_the_end) == b""


async def test_handshakes_are_counted_as_connections(
    made: Path, certificate: ServerCertificate
) -> None:
    limits = Limits(head_within=600, connections=2)
    async with serving(certificate, limits) as server:
        port = int(server.url.rpartition(":")[2])
        with Raw(port) as first, Raw(port):
            assert await asked(server.url, trusting(made)) == "https"
            assert await in_thread(first.to_the_end) == b""
