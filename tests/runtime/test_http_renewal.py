"""Certificates, keys and authorities that change while clients ask all the time."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from aiohttp import ClientError, ClientSession
from structlog.testing import capture_logs

from tests.certificates import Authority, Leaf, put
from tests.runtime.handshaking import VERSIONS, Place, Shaken, asked, port_of, serving
from tests.runtime.raw import in_thread
from tests.waiting import until
from yabot import clock
from yabot.observability.metrics import REGISTRY
from yabot.runtime.certificate_reload import CertificateReloader
from yabot.runtime.http_protocol import Limits

pytestmark = pytest.mark.standard

EACH_KIND = 3


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.made(tmp_path)


@dataclass
class Traffic:
    """Clients that keep their connections and ask without a pause, until they are refused.

    They POST: what repeats a GET by itself would hide that one has failed.
    """

    url: str
    asked: int = 0
    failures: list[Exception] = field(default_factory=list)

    async def by_aiohttp(self, context: ssl.SSLContext) -> None:
        async with ClientSession() as session:
            await self._ask_on(lambda: self._once(session, context))

    async def by_httpx(self, context: ssl.SSLContext) -> None:
        async with httpx.AsyncClient(verify=context) as client:
            await self._ask_on(lambda: self._posted(client))

    async def _once(self, session: ClientSession, context: ssl.SSLContext) -> int:
        async with session.post(self.url, ssl=context, data=b"body") as answer:
            await answer.read()
            return answer.status

    async def _posted(self, client: httpx.AsyncClient) -> int:
        return (await client.post(self.url, content=b"body")).status_code

    async def _ask_on(self, ask: object) -> None:
        assert callable(ask)
        while True:
            try:
                assert await ask() == 200
            except (ClientError, OSError, httpx.HTTPError) as error:
                self.failures.append(error)
                return
            self.asked += 1
            await asyncio.sleep(0.001)

    async def goes_on(self) -> bool:
        """Each of its clients has asked some more."""
        enough = self.asked + 10 * EACH_KIND

        async def has_asked() -> bool:
            return self.asked >= enough or bool(self.failures)

        await until(has_asked)
        return not self.failures


@asynccontextmanager
async def traffic(url: str, context: ssl.SSLContext) -> AsyncIterator[Traffic]:
    made = Traffic(url)
    ways = (made.by_aiohttp, made.by_httpx)
    tasks = [asyncio.create_task(way(context)) for way in ways * EACH_KIND]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [each for each in results if isinstance(each, AssertionError)]


def certificate_at(port: int, trusted: ssl.SSLContext) -> bytes | None:
    """Which one a new connection is shown."""
    with Shaken(port, trusted) as connection:
        return connection.socket.getpeercert(binary_form=True)


async def lets_in(url: str, context: ssl.SSLContext) -> bool:
    try:
        await asked(url, context)
    except (ClientError, OSError):
        return False
    return True


def write(place: Place, leaf: Leaf) -> None:
    """One after the other, as whoever renews it does."""
    put(place.folder / "server.crt", leaf.certificate_pem)
    put(place.folder / "server.key", leaf.key_pem)


@pytest.mark.criterion("sec.1")
@pytest.mark.parametrize("version", VERSIONS)
async def test_everything_changes_under_traffic_and_nobody_fails_who_is_still_let_in(
    place: Place, version: ssl.TLSVersion
) -> None:
    later = Authority("later")
    leaves = place.clients.leaf("gone.example.org"), later.leaf("stays.example.org")
    gone, stays = (
        place.ours.trusted(leaf, place.folder / f"client{n}") for n, leaf in enumerate(leaves)
    )
    gone.minimum_version = gone.maximum_version = version
    stays.minimum_version = stays.maximum_version = version
    async with serving(place.files()) as server:
        assert not await lets_in(server.url, stays)
        async with traffic(server.url, gone) as old:
            assert await old.goes_on()

            new = place.ours.leaf()
            write(place, new)

            async def shows_the_new_one() -> bool:
                shown = await in_thread(lambda: certificate_at(port_of(server), gone))
                return shown == ssl.PEM_cert_to_DER_cert(new.certificate_pem.decode())

            await until(shows_the_new_one)
            assert await old.goes_on()

            place.believe(place.clients, later)
            await until(lambda: lets_in(server.url, stays))
            assert await old.goes_on()

            async with traffic(server.url, stays) as staying:
                assert await staying.goes_on()
                assert await old.goes_on()
                place.believe(later)

                async def all_refused() -> bool:
                    return len(old.failures) == 2 * EACH_KIND

                await until(all_refused)
                assert not await lets_in(server.url, gone)
                assert await staying.goes_on()
        assert staying.failures == []


@pytest.mark.criterion("sec.1")
async def test_of_a_connection_from_before_one_answer_comes_and_it_says_so(place: Place) -> None:
    leaf = place.clients.leaf()
    new = Authority("new")
    asks = place.ours.trusted(new.leaf(), place.folder / "new")
    async with serving(place.files()) as server:
        begin = partial(Shaken, port_of(server), place.client(leaf))
        with await in_thread(begin) as before:
            assert b"connection: close" not in await in_thread(before.ask)
            place.believe(new)
            await until(lambda: lets_in(server.url, asks))
            last = await in_thread(before.ask)
            assert b"200 OK" in last
            assert b"connection: close" in last
            assert await in_thread(before.ask) == b""


@pytest.mark.criterion("sec.1")
async def test_one_from_before_that_asks_nothing_is_closed(place: Place) -> None:
    """As every other one that is idle for so long: nobody is hung up on while asking."""
    async with serving(place.files(), Limits(idle_for=1)) as server:
        begin = partial(Shaken, port_of(server), place.client(place.clients.leaf()))
        with await in_thread(begin) as idle:
            assert b"200 OK" in await in_thread(idle.ask)
            assert await in_thread(lambda: idle.socket.recv(1)) == b""


@pytest.mark.criterion("sec.1")
async def test_a_session_from_before_is_not_resumed(place: Place) -> None:
    client = place.client(place.clients.leaf(), VERSIONS[0])
    new = Authority("new")
    asks = place.ours.trusted(new.leaf(), place.folder / "new")
    async with serving(place.files()) as server:
        port = port_of(server)
        with await in_thread(lambda: Shaken(port, client)) as before:
            session = before.socket.session
            place.believe(new)
            await until(lambda: lets_in(server.url, asks))

            def resume() -> bytes:
                with Shaken(port, client, session) as resumed:
                    return resumed.ask()

            with pytest.raises((ssl.SSLError, ConnectionError)):
                await in_thread(resume)


async def test_a_link_may_be_turned_to_other_files(tmp_path: Path) -> None:
    """As Kubernetes and certbot do it."""
    ours = Authority("ours")
    for version in ("1", "2"):
        ours.leaf().write(tmp_path / version)
    link = tmp_path / "now"
    link.symlink_to("1")
    place = Place(link, ours, ours)
    renewal = CertificateReloader(place.files(asks=False))
    first = renewal.context
    await renewal.look()
    assert renewal.context is first
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").replace(link)
    await renewal.look()
    assert renewal.context is not first
    assert renewal.age == 0


def metric(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"yabot_tls_{name}", {"setting": "API_TLS_CERT_FILE"})


@pytest.mark.criterion("sec.1")
@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("server.key", b"no key", "server.key and {}/server.crt are not a key and its certificate"),
        ("server.key", None, "server.key cannot be read: No such file or directory"),
        ("server.crt", b"-----BEGIN CERTIFICATE-----", "are not a key and its certificate"),
        ("clients.pem", b"", "clients.pem holds no certificate"),
        ("clients.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n", "clients.pem holds no certificate"),
    ],
)
async def test_what_cannot_be_used_is_told_once_and_what_was_goes_on(
    place: Place, file: str, content: bytes | None, reason: str
) -> None:
    renewal = CertificateReloader(place.files())
    was, path = renewal.context, place.folder / file
    held = path.read_bytes()
    path.unlink() if content is None else put(path, content)
    with capture_logs() as told:
        await renewal.look()
        # It may be between two files that belong together.
        assert told == []
        for _ in range(3):
            await renewal.look()
    (line,) = told
    assert (line["event"], line["log_level"]) == ("tls.not_renewed", "warning")
    assert reason.format(place.folder) in line["reason"]
    assert renewal.context is was
    assert metric("certificate_stale") == 1
    put(path, held)
    await renewal.look()
    assert metric("certificate_stale") == 0
    assert renewal.age == 0


async def test_a_key_that_comes_after_its_certificate_is_waited_for(place: Place) -> None:
    renewal, new = CertificateReloader(place.files()), place.ours.leaf()
    was = renewal.context
    with capture_logs() as told:
        put(place.folder / "server.crt", new.certificate_pem)
        await renewal.look()
        assert renewal.context is was
        put(place.folder / "server.key", new.key_pem)
        await renewal.look()
    assert renewal.context is not was
    assert told == []
    assert metric("certificate_ends_timestamp_seconds") == (
        new.certificate.not_valid_after_utc.timestamp()
    )


async def test_an_end_that_comes_near_is_told_once_and_the_end_too(place: Place) -> None:
    now = clock.utc_now()
    leaf = place.ours.leaf(not_before=now - timedelta(days=60), not_after=now + timedelta(days=15))
    write(place, leaf)
    renewal = CertificateReloader(place.files())
    events = []
    try:
        for days in (0, 0.9, 1.1, 5, 14.9, 15.1, 20):
            clock.set_ahead(timedelta(days=days))
            with capture_logs() as told:
                await renewal.look()
            events.append([line["event"] for line in told])
    finally:
        clock.set_ahead(timedelta())
    ends, expired = ["tls.certificate_ends"], ["tls.certificate_expired"]
    assert events == [[], [], ends, [], [], expired, []]


async def test_of_a_short_life_the_last_quarter_is_near_its_end(place: Place) -> None:
    now = clock.utc_now()
    for left, told_of in ((timedelta(hours=7), 0), (timedelta(hours=5), 1)):
        begins = now + left - timedelta(hours=24)
        write(place, place.ours.leaf(not_before=begins, not_after=now + left))
        renewal = CertificateReloader(place.files())
        with capture_logs() as told:
            await renewal.look()
        assert len(told) == told_of
