"""Clients of both kinds, before a server that behaves as told."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest

from tests.client.asking import Asker, Kind, OwnTime, asker
from tests.client.faulty import FaultyServer, faulty_server
from tests.waiting import PATIENCE
from yabot.api.jose.signing import SigningKey

NewAsker = Callable[..., Asker]


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with faulty_server() as server:
        yield server


@pytest.fixture
def time() -> OwnTime:
    return OwnTime()


@pytest.fixture(scope="session")
def key() -> str:
    """The private key of a service, as JWK."""
    return SigningKey.generate().text


@pytest.fixture
def new_asker(kind: Kind, time: OwnTime, key: str, server: FaultyServer) -> Iterator[NewAsker]:
    """``options`` are the client's."""
    with ExitStack() as stack:

        def new(**options: Any) -> Asker:
            signing = {} if "token" in options else {"service": "orders", "key": key}
            url = options.pop("url", server.url)
            made: AbstractContextManager[Asker] = asker(
                kind, url, **{"clock": time.clock, "timeout": PATIENCE, **signing, **options}
            )
            return stack.enter_context(made)

        yield new


@pytest.fixture
def ask(new_asker: NewAsker) -> Asker:
    return new_asker()
