"""An API with a real SQLite behind it, and a service that encrypts what it asks; and the same in a
running program, with somebody in between who ends TLS.
"""

import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import randint

import pytest

from tests.api.auth.conftest import House, clock_as_it_was, house
from tests.api.auth.operating import Operator
from tests.api.encryption.partner import Api, Keys, Partner, encrypted_api
from tests.api.encryption.registering import registered
from tests.api.encryption.service import Service
from tests.api.encryption.talking import FIRST, Talk
from tests.api.encryption.wire import Meddler, meddling
from tests.e2e.fork_server import ForkServer
from tests.e2e.program import Program
from tests.e2e.programs import Shared

__all__ = ["clock_as_it_was", "house"]

CERTIFICATES = Path(__file__).parents[3] / "deploy/certificates.sh"


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def partner(keys: Keys) -> Partner:
    return Partner(keys.offered)


@pytest.fixture
async def served(house: House, keys: Keys, partner: Partner) -> AsyncIterator[Api]:
    async with encrypted_api(house, keys, partner) as served:
        yield served


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("certificates")
    subprocess.run([CERTIFICATES, directory, "proxy"], check=True, capture_output=True)
    return directory


@pytest.fixture
async def meddler(playing: Program, certificates: Path) -> AsyncIterator[Meddler]:
    port = int(playing.settings["API_PORT"])
    async with meddling(port, certificates / "proxy/server.pem") as meddler:
        yield meddler


@pytest.fixture(scope="session")
def operator(
    forks: ForkServer, shared: Shared, tmp_path_factory: pytest.TempPathFactory
) -> Operator:
    """Beside the program that all share."""
    folder = tmp_path_factory.mktemp("operator")

    def new_program(*words: str, name: str, **settings: str) -> Program:
        (folder / name).mkdir()
        return Program(forks, folder / name, *words, **settings)

    with shared.used() as program:
        return Operator(new_program, program, folder)


@pytest.fixture(scope="session")
def orders(operator: Operator) -> Iterator[Service]:
    """Registered once: each test has a user of its own."""
    with registered(operator) as service:
        yield service


@pytest.fixture(scope="session")
def others(operator: Operator) -> Iterator[Service]:
    with registered(operator) as service:
        yield service


@pytest.fixture
async def talk(orders: Service, meddler: Meddler, playing: Program, certificates: Path) -> Talk:
    """About a user whom the service has registered."""
    user_id = randint(10**10, 10**11)
    trusted = ssl.create_default_context(cafile=certificates / "ca/ca.pem")
    talk = Talk(orders, meddler, trusted, playing, user_id)
    posted = orders.request(
        "POST",
        "/api/v1/users",
        {"user_id": str(user_id), "first_name": "Lucía", "language_code": "es"},
        {"Idempotency-Key": f"new-{user_id}"},
    )
    assert orders.read(posted, await talk.send(posted)).status == 201
    assert (await talk.ask("PUT", talk.preferences, FIRST)).body == FIRST
    return talk
