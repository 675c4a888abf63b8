"""TLS of a listener: what it shows, whom it lets in, and for how long it waits for a handshake."""

import ssl
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError

from tests.certificates import Authority, Leaf
from tests.runtime.handshaking import VERSIONS, Place, Shaken, asked, port_of, serving
from tests.runtime.raw import Raw, in_thread
from yabot import clock
from yabot.errors import ConfigurationError
from yabot.runtime.http import HttpServer
from yabot.runtime.http_protocol import Limits
from yabot.runtime.peer import Peer, peer_at

pytestmark = pytest.mark.standard

FOREIGN = Authority("foreign")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place.made(tmp_path)


async def test_it_shows_the_certificate(place: Place) -> None:
    async with serving(place.files(asks=False)) as server:
        assert server.url.startswith("https://")
        assert (await asked(server.url, place.client()))["scheme"] == "https"
        with pytest.raises(ClientError):
            await asked(server.url, FOREIGN.trusted())
        with pytest.raises(ClientError):
            await asked(server.url.replace("https", "http"), place.client())


@pytest.mark.criterion("sec.1")
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_certificate_that_is_shown_has_to_be_a_good_one(
    place: Place, version: ssl.TLSVersion
) -> None:
    """Nobody need show one: what needs it says so itself."""
    tomorrow = place.clients.leaf().certificate.not_valid_after_utc
    good = place.clients.leaf("orders.example.org")
    bad = {
        "untrusted": FOREIGN.leaf("orders.example.org"),
        "untrusted, of an authority by the same name": Authority("clients").leaf(),
        "expired": place.clients.expired(),
        "not yet valid": place.clients.leaf(
            not_before=tomorrow, not_after=tomorrow + timedelta(days=1)
        ),
        "its own authority": Leaf(FOREIGN.certificate, FOREIGN._key),
    }
    async with serving(place.files()) as server:
        for shown in (None, good):
            told = await asked(server.url, place.client(shown, version))
            assert told["fingerprint"] == (shown and shown.sha256.hex())
        for kind, leaf in bad.items():
            with pytest.raises((ClientError, OSError)):
                pytest.fail(f"{kind}: {await asked(server.url, place.client(leaf, version))}")


async def test_a_client_is_known_by_what_it_shows(place: Place) -> None:
    leaf = place.clients.leaf("Orders.example.org", "10.0.0.1", "www.example.org")
    async with serving(place.files()) as server:
        told = await asked(server.url, place.client(leaf))
    assert told == {
        "scheme": "https",
        "encrypted": True,
        "local": True,
        "asked": True,
        "fingerprint": leaf.sha256.hex(),
        "names": ["orders.example.org", "www.example.org"],
    }
    async with serving(place.files(asks=False)) as server:
        told = await asked(server.url, place.client(leaf))
    assert (told["asked"], told["fingerprint"]) == (False, None)


@dataclass
class Connection:
    """One without TLS."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


@pytest.mark.criterion("sec.1")
@pytest.mark.parametrize(
    ("theirs", "ours", "local"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.8.8.8", "127.0.0.1", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.2", "192.0.2.1", False),
        ("::ffff:192.0.2.2", "::ffff:192.0.2.1", False),
        ("172.17.0.1", "172.17.0.2", False),
        (None, "127.0.0.1", False),
        ("127.0.0.1", None, False),
    ],
)
def test_who_is_on_this_machine(theirs: str | None, ours: str | None, local: bool) -> None:
    transport: Any = Connection()
    assert peer_at(transport, theirs, ours) == Peer(local=local)


@pytest.mark.criterion("sec.1")
async def test_a_resumed_session_skips_no_check(place: Place) -> None:
    """TLS 1.3 resumes none; 1.2 does, but not what would not be let in now."""
    leaf = place.clients.leaf()
    async with serving(place.files()) as server:
        port = port_of(server)

        def resumed(
            client: ssl.SSLContext, after: timedelta = timedelta()
        ) -> tuple[bool | None, bytes]:
            with Shaken(port, client) as first:
                assert b"200 OK" in first.ask()
                clock.set_ahead(after)
                with Shaken(port, client, first.socket.session) as second:
                    return second.socket.session_reused, second.ask()

        reused, answer = await in_thread(lambda: resumed(place.client(leaf, VERSIONS[1])))
        assert (reused, b"200 OK" in answer) == (False, True)

        client = place.client(leaf, VERSIONS[0])
        reused, answer = await in_thread(lambda: resumed(client))
        assert (reused, leaf.sha256.hex().encode() in answer) == (True, True)

        try:
            assert await in_thread(lambda: resumed(client, timedelta(days=2))) == (True, b"")
        finally:
            clock.set_ahead(timedelta())


async def test_a_connection_does_not_outlive_the_certificate_that_it_began_with(
    place: Place,
) -> None:
    def ask_before_and_after(port: int) -> list[bytes]:
        with Shaken(port, place.client(place.clients.leaf())) as client:
            first = client.ask()
            clock.set_ahead(timedelta(days=2))
            return [first, client.ask(), client.ask()]

    async with serving(place.files()) as server:
        try:
            first, last, none = await in_thread(lambda: ask_before_and_after(port_of(server)))
        finally:
            clock.set_ahead(timedelta())
    assert b"200 OK" in first
    assert b"connection: close" not in first
    # Its client is told so, and finds nothing amiss.
    assert b"200 OK" in last
    assert b"connection: close" in last
    assert none == b""


async def test_files_that_cannot_be_used_are_named_at_the_start(place: Place) -> None:
    files = place.files()
    for wrong, told in (
        (replace(files, key=place.folder / "none.key"), "none.key cannot be read"),
        (replace(files, key=files.certificate), "are not a key and its certificate"),
        (replace(files, client_ca=files.key), "server.key holds no certificate"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            HttpServer(None, "127.0.0.1", 0, variable="PORT", tls=wrong)


async def test_a_handshake_that_does_not_come_ends_the_connection(place: Place) -> None:
    async with serving(place.files(), Limits(head_within=0.05)) as server:
        with Raw(port_of(server)) as silent:
            assert await in_thread(silent.to_the_end) == b""


async def test_handshakes_are_counted_as_connections(place: Place) -> None:
    limits = Limits(head_within=600, connections=2)
    async with serving(place.files(), limits) as server:
        port = port_of(server)
        with Raw(port) as first, Raw(port):
            assert (await asked(server.url, place.client()))["scheme"] == "https"
            assert await in_thread(first.to_the_end) == b""
