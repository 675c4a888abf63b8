"""The running program over TLS: who gets in with which certificate, also while all change."""

import json
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.api.auth.forging import Forge
from tests.certificates import Authority, Leaf, put
from tests.e2e.fork_server import ForkServer, console_environment
from tests.e2e.program import Json, Program
from tests.runtime.handshaking import Place
from tests.waiting import PATIENCE, wait_until
from yabot_client import Client
from yabot_client.errors import Refused, YabotError

FOREIGN = Authority("foreign")
USERS = "/api/v1/users?limit=1"
ANA = ("token", "issue", "--service", "ana", "--scope", "users:read")


class TlsProgram(Program):
    """One that is asked by HTTPS."""

    place: Place

    @property
    def address(self) -> str:
        return f"https://localhost:{self.settings['API_PORT']}"

    def asked(self, path: str) -> tuple[int, Json]:
        return self.asked_by(self.place.client(), path)

    def asked_by(self, context: ssl.SSLContext, path: str, token: str = "") -> tuple[int, Json]:
        """Status 0 where no connection came about."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"{self.address}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE, context=context) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(
            f"{self.address}/metrics", timeout=PATIENCE, context=self.place.client()
        ) as answer:
            (line,) = [line for line in answer.read().decode().splitlines() if f"{name}{{" in line]
        return float(line.rpartition(" ")[2])


@dataclass
class Operator:
    program: TlsProgram
    forks: ForkServer

    def types(self, *words: str) -> str:
        """What the command says."""
        folder = self.program.folder / uuid4().hex
        folder.mkdir()
        typed = Program(self.forks, folder, *words, **self.program.settings)
        assert typed.run() == 0, typed.errors
        return typed.said.strip()

    def adds(self, name: str, certificate_name: str) -> Forge:
        forge = Forge(name)
        file = put(self.program.folder / f"{name}.jwk", forge.jwk.encode())
        options = ("--scope", "users:read", "--certificate-name", certificate_name)
        self.types("service", "add", name, *options, "--public-key", str(file))
        return forge


@pytest.fixture
def program(forks: ForkServer, tmp_path: Path) -> Iterator[TlsProgram]:
    place = Place.made(tmp_path / "tls")
    files = place.files()
    settings = {
        "API_TLS_CERT_FILE": str(files.certificate),
        "API_TLS_KEY_FILE": str(files.key),
        "API_TLS_CLIENT_CA_FILE": str(place.authorities),
        "API_REQUESTS_PER_MINUTE": "1000000",
    }
    program = TlsProgram(forks, tmp_path, **settings)
    program.place = place
    try:
        program.start()
        yield program
    finally:
        program.end()


@contextmanager
def asking(client: Client) -> Iterator[list[int | Exception]]:
    """It asks without a pause, on kept connections; gives how often, and what has failed."""
    heard: list[int | Exception] = [0]
    enough = threading.Event()

    def ask_on() -> None:
        asked = 0
        while not enough.wait(0.02):
            try:
                client.list_users(limit=1)
            except YabotError as error:
                heard.append(error)
                return
            asked += 1
            heard[0] = asked

    threads = [threading.Thread(target=ask_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        enough.set()
        for thread in threads:
            thread.join()


def wait_for_more(heard: list[int | Exception]) -> None:
    before = heard[0]
    wait_until(lambda: heard[0] != before or len(heard) > 1)


@pytest.mark.criterion("sec.1")
def test_who_gets_in_with_which_certificate_also_while_all_of_them_change(
    program: TlsProgram, forks: ForkServer
) -> None:
    place, operator, later = program.place, Operator(program, forks), Authority("later")
    orders = operator.adds("orders", "orders.example.org")
    billing = operator.adds("billing", "billing.example.org")
    ours = place.clients.leaf("orders.example.org")
    _certificates_are_checked(program, orders, ours, operator.types(*ANA))
    _tokens_are_bound(program, operator, ours)

    def client_of(forge: Forge, leaf: Leaf) -> Client:
        return Client(
            program.address,
            service=forge.service,
            key=forge.private_jwk,
            certificate=leaf.write(place.folder / forge.service),
            authority=put(place.folder / "ours.pem", place.ours.pem),
            retries=0,
            timeout=PATIENCE,
            deadline=PATIENCE,
        )

    place.believe(place.clients, later)
    billings = later.leaf("billing.example.org")
    shows_billing = later.trusted(billings, place.folder / "later")
    shows_billing.load_verify_locations(cadata=place.ours.pem.decode())
    wait_until(lambda: program.asked_by(shows_billing, USERS, billing.token())[0] == 200)
    with (
        client_of(orders, ours) as going,
        client_of(billing, billings) as staying,
        asking(going) as gone,
        asking(staying) as stayed,
    ):
        wait_for_more(gone)
        ends = program.metric("yabot_tls_certificate_ends_timestamp_seconds")
        place.ours.leaf(not_after=billings.certificate.not_valid_after_utc).write(place.folder)
        wait_until(lambda: program.metric("yabot_tls_certificate_ends_timestamp_seconds") != ends)
        for heard in (gone, stayed):
            wait_for_more(heard)
        assert gone[1:] == stayed[1:] == []
        place.believe(later)
        wait_until(lambda: len(gone) == 3)
        for _ in range(3):
            wait_for_more(stayed)
    assert stayed[1:] == []
    # By the handshake, not by an answer.
    assert not [each for each in gone[1:] if isinstance(each, Refused)]
    assert program.logged("tls.renewed")
    assert program.stop() == 0


def _certificates_are_checked(program: TlsProgram, orders: Forge, ours: Leaf, anas: str) -> None:
    place, token = program.place, orders.token()
    # Nobody needs one for what tells nothing of users.
    for path in ("/health/live", "/openapi.json", "/.well-known/jwks.json"):
        assert program.asked(path)[0] == 200
    alive = [sys.executable, "-m", "yabot.api.alive"]
    environment = {**console_environment(), **program.settings}
    assert subprocess.run(alive, env=environment, check=False).returncode == 0
    # Also of whom no name was agreed on.
    for each in (token, anas):
        status, told = program.asked_by(place.client(), USERS, each)
        assert (status, told["code"]) == (401, "certificate_missing")
    unlike = place.client(place.clients.leaf("billing.example.org"))
    status, told = program.asked_by(unlike, USERS, token)
    assert (status, told["code"]) == (401, "certificate_wrong")
    for bad in (FOREIGN.leaf("orders.example.org"), place.clients.expired("orders.example.org")):
        assert program.asked_by(place.client(bad), USERS, token)[0] == 0
    for each in (token, anas):
        assert program.asked_by(place.client(ours), USERS, each)[0] == 200


def _tokens_are_bound(program: TlsProgram, operator: Operator, ours: Leaf) -> None:
    place = program.place
    file = put(place.folder / "shown.pem", ours.certificate_pem + place.clients.pem)
    bound = operator.types(*ANA, "--certificate", str(file))
    assert program.asked_by(place.client(ours), USERS, bound)[0] == 200
    # Another one for the same name.
    other = place.client(place.clients.leaf("orders.example.org"))
    status, told = program.asked_by(other, USERS, bound)
    assert (status, told["code"]) == (401, "certificate_wrong")
