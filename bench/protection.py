"""What protection costs: the same GET with tokens, with TLS on both sides, and encrypted.

Each stands beside the bare route, which protects nothing, in one run. What the asking service
has to do for it (sign, decrypt) is done before or left out: it is another machine's.
"""

import asyncio
import ssl
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bench.api import STATE, bare_api
from bench.asking import Answers, ask, request
from bench.engines import Engines
from bench.figures import Figure, alternate
from bench.running import Running, running
from bench.service import BenchService, registered

CERTIFICATES = Path(__file__).parent.parent / "deploy/certificates.sh"
CONNECTIONS = 32
ROUNDS = 3
REQUESTS = 500
# Of which each has a handshake of its own.
HANDSHAKES = 200


async def protection_figures(engines: Engines) -> list[Figure]:
    async with (
        running(engines, "bench_plain") as plain,
        bare_api(engines, plain) as bare_port,
        _with_tls(engines) as over_tls,
        registered(plain, encrypts=False) as signing,
        registered(plain, encrypts=True) as encrypting,
    ):
        bare_request = request("GET", STATE)

        async def bare() -> float:
            return (
                (await ask(bare_port, bare_request, CONNECTIONS, REQUESTS)).require(200).per_second
            )

        async def figure(name: str, ours: Callable[[], Awaitable[Answers]]) -> Figure:
            async def rate() -> float:
                return (await ours()).require(200).per_second

            return (await alternate(bare, rate, ROUNDS)).figure(name, "/s")

        return [
            await figure("GET state, one token", lambda: _same(plain)),
            await figure("… a token for each request", lambda: _each(plain, signing)),
            await figure("… encrypted", lambda: _each(plain, encrypting)),
            await figure("… TLS on both sides", lambda: _same(over_tls)),
            await figure("… a handshake for each request", lambda: _handshakes(over_tls)),
        ]


async def _same(program: Running) -> Answers:
    wanted = program.get(STATE)
    return await ask(program.port, wanted, CONNECTIONS, REQUESTS, tls=program.tls)


async def _each(program: Running, service: BenchService) -> Answers:
    wanted: Sequence[bytes] = [service.get(STATE) for _ in range(REQUESTS)]
    return await ask(program.port, wanted, CONNECTIONS)


async def _handshakes(program: Running) -> Answers:
    wanted = program.get(STATE)
    return await ask(
        program.port, wanted, CONNECTIONS, HANDSHAKES, tls=program.tls, keep_alive=False
    )


@asynccontextmanager
async def _with_tls(engines: Engines) -> AsyncIterator[Running]:
    """It asks for a client's certificate, and is shown one."""
    folder = engines.folder / "certificates"
    making = await asyncio.create_subprocess_exec(CERTIFICATES, folder, "api", stdout=DEVNULL)
    assert await making.wait() == 0
    authority, api = folder / "ca/ca.pem", folder / "api"
    tls = ssl.create_default_context(cafile=authority)
    tls.load_cert_chain(api / "server.pem")
    async with running(
        engines,
        "bench_tls",
        tls,
        API_TLS_CERT_FILE=str(api / "server.crt"),
        API_TLS_KEY_FILE=str(api / "server.key"),
        API_TLS_CLIENT_CA_FILE=str(authority),
    ) as program:
        yield program
