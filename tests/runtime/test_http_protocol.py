"""Connections that keep silent, or are too many, with raw sockets against a real listener."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.runtime.raw import Raw, in_thread
from tests.waiting import wait_until
from yabot.observability.metrics import REGISTRY
from yabot.runtime.http import HttpServer
from yabot.runtime.http_protocol import MOST_CHUNKS, Limits

pytestmark = pytest.mark.standard

# What is given to those that must not run out of it.
LONG = Limits(head_within=600, body_within=600, reader_within=600, connections=100)
SHORT = 0.05
WHOLE = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


class House:
    """An application that shows what became of its requests."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.broken_off = 0
        self.client: str | None = None

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self.hear, methods=["GET", "POST"]),
                Route("/without-hearing", self.answer, methods=["POST"]),
                Route("/much", self.much),
            ]
        )

    async def hear(self, request: Request) -> Response:
        assert request.client is not None
        self.client = request.client.host
        try:
            self.heard.append(await request.body())
        except ClientDisconnect:
            self.broken_off += 1
        return PlainTextResponse("heard")

    async def answer(self, _request: Request) -> Response:
        return PlainTextResponse("answered")

    async def much(self, _request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield bytes(1 << 20)

        return StreamingResponse(parts())


async def busy_client(crowd: ExitStack, port: int, host: str = "127.0.0.1") -> Raw:
    """One that has asked for more than it reads."""
    client = crowd.enter_context(Raw(port, host))
    client.send(b"GET /much HTTP/1.1\r\nHost: h\r\n\r\n")
    await in_thread(partial(client.until, b"200 OK"))
    return client


@asynccontextmanager
async def serving(
    house: House, limits: Limits, proxies: tuple[str, ...] = (), host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    server = HttpServer(
        house.app(), host, 0, variable="PORT", limits=limits, trusted_proxies=proxies
    )
    await server.start()
    try:
        yield int(server.url.rpartition(":")[2])
    finally:
        await server.stop()


def hangups(missing: str) -> float:
    found = REGISTRY.get_sample_value("yabot_http_hangups_total", {"missing": missing})
    return found or 0.0


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HT",
        WHOLE[:-2] + b"X: ",
        WHOLE + b"GET",
    ],
)
async def test_a_head_that_does_not_come_ends_the_connection(sent: bytes) -> None:
    before = hangups("head")
    async with serving(House(), replace(LONG, head_within=SHORT)) as port:
        with Raw(port) as client:
            client.send(sent)
            answered = await in_thread(client.to_the_end)
    assert (b"200 OK" in answered) == (b"\r\n\r\n" in sent)
    assert hangups("head") == before + 1


async def test_a_head_piece_by_piece_gains_no_time() -> None:
    before = hangups("head")
    # Many times as long as the pause between two pieces.
    async with serving(House(), replace(LONG, head_within=0.5)) as port:
        with Raw(port) as client:
            client.send(b"GET / HTTP/1.1\r\n")
            await in_thread(partial(client.send_until_refused, b"x"))
    assert hangups("head") == before + 1


@pytest.mark.parametrize("path", [b"/", b"/without-hearing"])
async def test_a_body_that_does_not_come_ends_the_connection(path: bytes) -> None:
    house, before = House(), hangups("body")
    async with serving(house, replace(LONG, body_within=SHORT)) as port:
        with Raw(port) as client:
            client.send(
                b"POST " + path + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n12345"
            )
            await in_thread(client.to_the_end)
        await in_thread(lambda: wait_until(lambda: house.broken_off == (path == b"/")))
    assert house.heard == []
    assert hangups("body") == before + 1


async def test_a_reader_that_does_not_read_ends_the_connection() -> None:
    before = hangups("reader")
    async with serving(House(), replace(LONG, reader_within=SHORT)) as port:
        with Raw(port) as client:
            client.send(b"GET /much HTTP/1.1\r\nHost: h\r\n\r\n")
            await in_thread(lambda: wait_until(lambda: hangups("reader") == before + 1))


async def test_who_goes_on_with_no_request_behind_an_answer_hears_nothing_more() -> None:
    """Nor does the log: a second answer would be a fault of ours, with a traceback for each."""
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: faults.append(told))
    before = hangups("request")
    async with serving(House(), LONG) as port:
        with Raw(port) as client:
            head = b"POST /without-hearing HTTP/1.1\r\nHost: h\r\n"
            client.send(head + b"Transfer-Encoding: chunked\r\n\r\n")
            assert b"200 OK" in await in_thread(partial(client.until, b"answered"))
            client.send(b"no number\r\n")
            assert await in_thread(client.to_the_end) == b""
    assert faults == []
    assert hangups("request") == before + 1


CHUNKED = b"POST %b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"1\r\nx\r\n"


async def test_as_many_chunks_as_a_body_may_have_are_read_again_and_again() -> None:
    house = House()
    async with serving(house, LONG) as port:
        with Raw(port) as client:
            for _ in range(2):
                client.send(CHUNKED % b"/" + CHUNK * MOST_CHUNKS + b"0\r\n\r\n")
                assert b"200 OK" in await in_thread(partial(client.until, b"heard"))
    assert house.heard == [b"x" * MOST_CHUNKS] * 2


@pytest.mark.parametrize("path", [b"/", b"/without-hearing"])
async def test_further_chunks_are_not_read(path: bytes) -> None:
    """One octet in each, they would keep everybody else waiting for seconds."""
    house, before = House(), hangups("request")
    async with serving(house, LONG) as port:
        with Raw(port) as client:
            client.send(CHUNKED % path)
            if path != b"/":
                await in_thread(partial(client.until, b"answered"))
            client.send(CHUNK * (MOST_CHUNKS + 1))
            told = await in_thread(client.to_the_end)
        await in_thread(lambda: wait_until(lambda: house.broken_off == (path == b"/")))
    assert (b"malformed_request" in told) == (path == b"/")
    assert house.heard == []
    assert hangups("request") == before + 1


async def test_a_body_that_breaks_off_at_once_has_one_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The handler has not begun when it is given: its own, and an error for it, come too late."""
    async with serving(House(), LONG) as port:
        with Raw(port) as client:
            client.send(CHUNKED % b"/without-hearing" + b"no number\r\n")
            told = await in_thread(client.to_the_end)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"answered" not in told
    assert [each for each in caplog.records if each.levelname == "ERROR"] == []


async def test_whoever_is_in_time_is_answered_again_and_again() -> None:
    house = House()
    async with serving(house, LONG) as port:
        with Raw(port) as client:
            for number in range(3):
                body = f"number {number}".encode()
                head = f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {len(body)}\r\n\r\n"
                for piece in (head.encode()[:9], head.encode()[9:], body[:3], body[3:]):
                    client.send(piece)
                assert b"200 OK" in await in_thread(partial(client.until, b"heard"))
    assert house.heard == [b"number 0", b"number 1", b"number 2"]


@pytest.fixture
def crowd() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


async def test_the_oldest_that_waits_for_nothing_makes_room(crowd: ExitStack) -> None:
    house, before = House(), hangups("crowded")
    async with serving(house, replace(LONG, connections=3)) as port:
        clients = [crowd.enter_context(Raw(port)) for _ in range(3)]
        for client in clients:
            client.send(WHOLE)
            await in_thread(partial(client.until, b"heard"))
        newcomer = crowd.enter_context(Raw(port))
        newcomer.send(WHOLE)
        assert b"200 OK" in await in_thread(partial(newcomer.until, b"heard"))
        assert await in_thread(clients[0].to_the_end) == b""
        clients[1].send(WHOLE)
        assert b"200 OK" in await in_thread(partial(clients[1].until, b"heard"))
    assert hangups("crowded") == before + 1


async def test_whoever_has_gone_takes_no_room() -> None:
    before = hangups("crowded")
    async with serving(House(), replace(LONG, connections=1)) as port:
        for _ in range(3):
            with Raw(port) as client:
                client.send(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                assert b"200 OK" in await in_thread(client.to_the_end)
    assert hangups("crowded") == before


async def test_who_waits_for_an_answer_is_not_sent_away(crowd: ExitStack) -> None:
    async with serving(House(), replace(LONG, connections=2)) as port:
        busy = [await busy_client(crowd, port) for _ in range(2)]
        with Raw(port) as refused:
            assert await in_thread(refused.to_the_end) == b""
        for client in busy:
            assert await in_thread(partial(client.until, bytes(1000)))


async def test_an_address_that_has_most_makes_room_for_others(crowd: ExitStack) -> None:
    """However busy it keeps them: whoever asks from elsewhere would be shut out by it."""
    async with serving(House(), replace(LONG, connections=3)) as port:
        greedy = [await busy_client(crowd, port) for _ in range(3)]
        other = await busy_client(crowd, port, "127.0.0.2")
        await in_thread(greedy[0].to_the_end)
        # Of two, one is no more than its share.
        with Raw(port, "127.0.0.2") as refused:
            assert await in_thread(refused.to_the_end) == b""
        for client in (*greedy[1:], other):
            assert await in_thread(partial(client.until, bytes(1000)))


async def test_an_address_that_has_many_sends_away_nobody_else(crowd: ExitStack) -> None:
    async with serving(House(), replace(LONG, connections=2)) as port:
        await busy_client(crowd, port)
        # One that has not asked yet.
        other = crowd.enter_context(Raw(port, "127.0.0.2"))
        with Raw(port) as refused:
            assert await in_thread(refused.to_the_end) == b""
        other.send(WHOLE)
        assert b"200 OK" in await in_thread(partial(other.until, b"heard"))


FORWARDED = b"X-Forwarded-For: 192.0.2.7\r\n"


async def believed(headers: bytes, proxies: tuple[str, ...], host: str = "127.0.0.1") -> str | None:
    """From where the application thinks that such a request comes."""
    house = House()
    async with serving(house, LONG, proxies, host) as port:
        with Raw(port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: h\r\n" + headers + b"\r\n")
            await in_thread(partial(client.until, b"heard"))
    return house.client


@pytest.mark.parametrize(
    ("proxies", "client"),
    [((), "127.0.0.1"), (("127.0.0.0/8",), "192.0.2.7"), (("192.0.2.1",), "127.0.0.1")],
)
async def test_only_configured_proxies_are_believed(proxies: tuple[str, ...], client: str) -> None:
    assert await believed(FORWARDED, proxies) == client


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Forwarded-For: 203.0.113.9, 192.0.2.7, 10.1.2.3\r\n",
        b"X-Forwarded-For: 203.0.113.9\r\n" + FORWARDED + b"X-Forwarded-For: 10.1.2.3\r\n",
    ],
)
async def test_what_a_client_says_of_itself_stands_left_of_what_proxies_say(headers: bytes) -> None:
    assert await believed(headers, ("127.0.0.1", "10.0.0.0/8")) == "192.0.2.7"


async def test_a_proxy_is_known_by_a_listener_of_both_kinds_of_addresses() -> None:
    assert await believed(FORWARDED, ("127.0.0.0/8",), "::") == "192.0.2.7"
    assert await believed(FORWARDED, ("10.0.0.0/8",), "::") == "::ffff:127.0.0.1"
