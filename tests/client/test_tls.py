"""TLS that both sides check, with certificates and authorities that change while a client runs."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket
from typing import Any

import pytest
from cryptography.x509 import load_der_x509_certificate

from tests.certificates import Authority, put
from tests.client.asking import READ, Asker, OwnTime
from tests.client.conftest import NewAsker
from tests.client.faulty import FaultyServer, Got, faulty_server, says
from tests.waiting import PATIENCE
from yabot_client import AsyncClient, Client, Unreachable

pytestmark = pytest.mark.standard

FINE = says(200, {})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, each with a server's certificate; and those of a service."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ours", "foreign"):
        authority = Authority(name)
        authority.write(folder / name / "ca/ca.pem")
        authority.leaf().write(folder / name / "host")
        authority.expired().write(folder / name / "expired")
        authority.leaf("elsewhere.example").write(folder / name / "elsewhere")
        for service in ("orders", "orders2"):
            authority.leaf(common_name=service).write(folder / name / service)
    return folder


@dataclass
class Door:
    """The TLS of a server: the certificate that it shows, and whose it takes, if it asks."""

    made: Path
    shows: str = "ours/host"
    takes: str | None = None
    # Of those who came.
    names: list[str] = field(default_factory=list)

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = self.made / self.shows
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        if self.takes:
            context.load_verify_locations(self.made / self.takes / "ca/ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def says_who_came(self, connection: socket, got: Got) -> None:
        assert isinstance(connection, ssl.SSLSocket)
        self.names.append(_name(connection.getpeercert(binary_form=True)))
        FINE(connection, got)


@pytest.fixture
def door(made: Path) -> Door:
    return Door(made)


@pytest.fixture
def server(door: Door) -> Iterator[FaultyServer]:
    with faulty_server(door.context) as server:
        server.behaves(door.says_who_came)
        yield server


@pytest.fixture
def files(made: Path, tmp_path: Path) -> Path:
    """Those of a client: authority.pem, client.crt and client.key."""
    _bring(made / "ours/ca/ca.pem", tmp_path / "authority.pem")
    _bring(made / "ours/orders/server.crt", tmp_path / "client.crt")
    _bring(made / "ours/orders/server.key", tmp_path / "client.key")
    return tmp_path


@pytest.fixture
def ask(new_asker: NewAsker, files: Path) -> Asker:
    return new_asker(
        authority=files / "authority.pem",
        certificate=(files / "client.crt", files / "client.key"),
    )


def _bring(source: Path, target: Path) -> None:
    put(target, source.read_bytes())


def test_the_server_has_to_be_the_one(
    ask: Asker, door: Door, server: FaultyServer, time: OwnTime
) -> None:
    ask()
    for shown in ("foreign/host", "ours/elsewhere", "ours/expired"):
        door.shows = shown
        with pytest.raises(Unreachable, match="certificate is not believed"):
            ask()
    # Asking again would not mend it.
    assert time.slept == []
    assert len(server.got) == 1


def test_those_whom_this_machine_believes_are_not_enough_for_ours(
    new_asker: NewAsker, server: FaultyServer
) -> None:
    with pytest.raises(Unreachable, match="certificate is not believed"):
        new_asker()()
    assert server.got == []


def test_the_service_shows_its_certificate(
    ask: Asker, new_asker: NewAsker, door: Door, files: Path
) -> None:
    door.takes = "ours"
    ask()
    assert door.names == ["orders"]
    with pytest.raises(Unreachable):
        new_asker(authority=files / "authority.pem")()
    door.takes = "foreign"
    with pytest.raises(Unreachable):
        ask()
    assert door.names == ["orders"]


def test_a_certificate_changes_without_a_restart(
    ask: Asker, door: Door, made: Path, files: Path
) -> None:
    door.takes = "ours"
    ask()
    _bring(made / "ours/orders2/server.crt", files / "client.crt")
    # Until its key is there as well, the former one holds.
    ask()
    _bring(made / "ours/orders2/server.key", files / "client.key")
    ask()
    (files / "client.key").unlink()
    ask()
    assert door.names == ["orders", "orders", "orders2", "orders2"]


def test_an_authority_changes_without_a_restart(
    ask: Asker, door: Door, made: Path, files: Path
) -> None:
    ask()
    both = (made / "ours/ca/ca.pem").read_text() + (made / "foreign/ca/ca.pem").read_text()
    (files / "authority.pem").write_text(both)
    for shown in ("ours/host", "foreign/host"):
        door.shows = shown
        ask()
    # The one that has been taken away is believed no longer.
    _bring(made / "foreign/ca/ca.pem", files / "authority.pem")
    ask()
    door.shows = "ours/host"
    with pytest.raises(Unreachable, match="certificate is not believed"):
        ask()


@pytest.fixture
def options(files: Path, key: str) -> dict[str, Any]:
    """Of a client that does not try again."""
    return {
        "service": "orders",
        "key": key,
        "authority": files / "authority.pem",
        "certificate": (files / "client.crt", files / "client.key"),
        "timeout": PATIENCE,
        "retries": 0,
    }


def test_a_request_that_is_under_way_is_not_cut_off_by_a_change(
    door: Door, server: FaultyServer, made: Path, files: Path, options: dict[str, Any]
) -> None:
    door.takes = "ours"
    arrived, other_done = threading.Event(), threading.Event()

    def takes_long(connection: socket, got: Got) -> None:
        arrived.set()
        assert other_done.wait(PATIENCE)
        door.says_who_came(connection, got)

    server.behaves(takes_long, door.says_who_came)
    with Client(server.url, **options) as client, ThreadPoolExecutor() as pool:
        first = pool.submit(client._send, READ)
        assert arrived.wait(PATIENCE)
        _bring_those_of("orders2", made, files)
        client._send(READ)
        other_done.set()
        assert first.result().status == 200
    assert door.names == ["orders2", "orders"]


def test_threads_lose_nothing_while_certificates_change(
    door: Door, server: FaultyServer, made: Path, files: Path, options: dict[str, Any]
) -> None:
    door.takes = "ours"
    with Client(server.url, **options) as client, ThreadPoolExecutor(4) as pool:
        for turn in range(10):
            asked = [pool.submit(client._send, READ) for _ in range(8)]
            _bring_those_of(("orders2", "orders")[turn % 2], made, files)
            assert [each.result().status for each in asked] == [200] * 8
    assert set(door.names) == {"orders", "orders2"}


async def test_tasks_lose_nothing_while_certificates_change(
    door: Door, server: FaultyServer, made: Path, files: Path, options: dict[str, Any]
) -> None:
    door.takes = "ours"
    async with AsyncClient(server.url, **options) as client:
        for turn in range(10):
            asked = [asyncio.ensure_future(client._send(READ)) for _ in range(8)]
            _bring_those_of(("orders2", "orders")[turn % 2], made, files)
            assert [each.status for each in await asyncio.gather(*asked)] == [200] * 8
    assert set(door.names) == {"orders", "orders2"}


def _bring_those_of(service: str, made: Path, files: Path) -> None:
    for name in ("key", "crt"):
        _bring(made / f"ours/{service}/server.{name}", files / f"client.{name}")


def _name(certificate: bytes | None) -> str:
    """Of whom it is; empty without one."""
    if not certificate:
        return ""
    (name,) = load_der_x509_certificate(certificate).subject
    return str(name.value)
