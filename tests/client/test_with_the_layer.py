"""Encrypted bodies between the client and YABOT's own layer, with and without a meddler between."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.auth.conftest import House, clock_as_it_was, house
from tests.api.auth.forging import b64
from tests.api.encryption.conftest import keys, partner, served
from tests.api.encryption.partner import Api, Partner, encrypted_api
from tests.client.asking import Kind
from tests.client.faulty import Behaviour, FaultyServer, Got, faulty_server
from tests.waiting import PATIENCE
from yabot import clock
from yabot.api.auth.published import key_routes
from yabot.api.encryption.own_keys import OwnKeys
from yabot.clock import uptime, utc_now
from yabot_client import Answer, AsyncClient, Call, Client, UntrustedAnswer, correlation
from yabot_client.clock import Clock
from yabot_client.codes import MediaTypeUnsupported, PreconditionFailed

__all__ = ["clock_as_it_was", "house", "keys", "partner", "served"]

pytestmark = pytest.mark.standard

Ask = Callable[[Call], Awaitable[Answer]]
HEAR = Call("get_echo", "GET", "/api/v1/echo", "users:read", (("limit", "7"), ("kind", "ñ &")))
SAY = Call("put_echo", "PUT", "/api/v1/echo", "users:write", (), {"said": "ñ"}, True, changes=True)
UNSAY = Call("delete_echo", "DELETE", "/api/v1/echo/7", "users:write", changes=True)


@pytest.fixture
def between(served: Api) -> Iterator[FaultyServer]:
    """Whoever ends TLS: what is sent goes on from there, as a test says."""
    with faulty_server() as server:
        server.behaves(passes_on(served))
        yield server


@pytest.fixture
async def ask(kind: Kind, partner: Partner, between: FaultyServer) -> AsyncIterator[Ask]:
    if kind == "sync":
        with Client(between.url, **_options(partner)) as client:
            yield lambda call: asyncio.to_thread(client._send, call)
    else:
        async with AsyncClient(between.url, **_options(partner)) as waiting:
            yield waiting._send


def passes_on(
    api: Api,
    request: Callable[[Got], Got] = lambda got: got,
    answer: Callable[[bytes], bytes] = lambda octets: octets,
    times: int = 1,
) -> Behaviour:
    """What it is answered the last of so many ``times``, as somebody in between changes it."""

    def pass_on(connection: socket.socket, got: Got) -> None:
        for _ in range(times):
            answered = _asked(api, request(got))
        connection.sendall(answer(answered))

    return pass_on


def _asked(api: Api, got: Got) -> bytes:
    named = {**got.headers, "connection": "close", "content-length": str(len(got.body))}
    head = [f"{got.method} {got.target} HTTP/1.1", *(f"{n}: {v}" for n, v in named.items())]
    with socket.create_connection(("127.0.0.1", api.port)) as line:
        line.sendall("\r\n".join([*head, "", ""]).encode() + got.body)
        return b"".join(iter(lambda: line.recv(65536), b""))


async def test_they_understand_each_other(ask: Ask, between: FaultyServer) -> None:
    heard = await ask(HEAR)
    assert (heard.status, heard.body) == (200, {"said": [7, "ñ &"]})
    assert heard.headers["ratelimit-limit"]
    with correlation("order-7"):
        said = await ask(SAY)
    assert (said.body, said.headers["x-correlation-id"]) == ({"said": "ñ"}, "order-7")
    with pytest.raises(PreconditionFailed):
        await ask(replace(UNSAY, if_match='"then"'))
    assert (await ask(replace(UNSAY, if_match='"now"'))).status == 204
    large = replace(SAY, body={"said": "ñ" * 100_000})
    assert (await ask(large)).body == large.body
    assert not any("ñ".encode() in got.body or b"order-7" in got.body for got in between.got)


def _with_header(name: str, value: str) -> Callable[[Got], Got]:
    return lambda got: replace(got, headers={**got.headers, name: value})


@pytest.mark.parametrize(
    "change",
    [
        lambda got: replace(got, method="GET", body=b""),
        lambda got: replace(got, target="/api/v1/echo?x=1"),
        lambda got: replace(got, target="/api/v1/murmur"),
        lambda got: replace(got, body=b""),
        lambda got: replace(got, body=got.body[:-1]),
        _with_header("authorization", "Bearer a.b.c"),
        _with_header("content-type", "application/json"),
    ],
)
async def test_a_changed_request_is_not_done(
    ask: Ask, served: Api, between: FaultyServer, change: Callable[[Got], Got]
) -> None:
    between.behaves(passes_on(served, change))
    with pytest.raises((UntrustedAnswer, MediaTypeUnsupported)):
        await ask(SAY)


async def test_headers_that_nobody_signed_mean_nothing(
    ask: Ask, served: Api, between: FaultyServer
) -> None:
    between.behaves(passes_on(served, _with_header("if-match", '"then"')))
    assert (await ask(replace(UNSAY, if_match='"now"'))).status == 204


async def test_another_body_for_yabot_is_not_taken(
    ask: Ask, served: Api, between: FaultyServer, partner: Partner
) -> None:
    """Anybody can encrypt for YABOT."""
    other = partner.encrypted(b'{"said": "pay Eve"}')
    between.behaves(passes_on(served, lambda got: replace(got, body=other)))
    with pytest.raises(UntrustedAnswer, match="token_bound_elsewhere"):
        await ask(SAY)


async def test_the_answer_of_another_request_is_not_taken(
    ask: Ask, served: Api, between: FaultyServer
) -> None:
    kept: list[bytes] = []

    def swapped(octets: bytes) -> bytes:
        kept.append(octets)
        return kept[0]

    between.behaves(passes_on(served, answer=swapped))
    await ask(HEAR)
    with pytest.raises(UntrustedAnswer, match="answers another request"):
        await ask(HEAR)


async def test_a_request_that_goes_twice_is_sent_anew(
    ask: Ask, served: Api, between: FaultyServer
) -> None:
    between.behaves(passes_on(served, times=2), passes_on(served))
    assert (await ask(SAY)).body == {"said": "ñ"}
    assert len({got.headers["authorization"] for got in between.got}) == 2


async def test_a_rotation_is_followed_without_anybodys_help(
    house: House, partner: Partner, tmp_path: Path
) -> None:
    """Keys are rotated every two days, and the client asks now and then."""
    own = OwnKeys(tmp_path / "keys")
    own.make()
    await own.look()
    first = own.answering.kid
    routes = key_routes(dict, lambda: own.published)
    async with encrypted_api(house, own, partner, open_to_all=[routes]) as served:
        options = _options(partner) | {"yabot_keys": {"keys": own.public()}}
        time = Clock(lambda: utc_now().timestamp(), uptime)
        url = f"http://127.0.0.1:{served.port}"
        async with AsyncClient(url, clock=time, **options) as client:
            for _ in range(3):
                own.rotate(at_once=False)
                for _ in range(8):
                    await own.look()
                    assert (await client._send(SAY)).body == {"said": "ñ"}
                    clock.set_ahead(clock.ahead() + timedelta(hours=6))
    assert own.answering.kid not in (first, "")


def _options(partner: Partner) -> dict[str, Any]:
    forge, recipient, offered = partner.forge, partner.recipient, partner.offered
    signing = {**json.loads(forge.jwk), "d": b64(forge.private.private_bytes_raw())}
    decrypting = {**json.loads(recipient.jwk), "d": b64(recipient.private.private_bytes_raw())}
    return {
        "service": forge.service,
        "key": signing,
        "decryption_keys": [decrypting],
        "yabot_keys": {"keys": [offered.encrypt_to.jwk, offered.answers.jwk]},
        "timeout": PATIENCE,
        "deadline": PATIENCE,
    }
