"""A fleet of bots on empty stores, with a Telegram of its own."""

from collections.abc import Iterator

import pytest

from tests.e2e.programs import NewProgram
from tests.instances.balancer import balancing
from tests.instances.fleet import Fleet
from tests.outages.stores import PostgresStores
from tests.ports import free_port
from tests.storage.fixtures import PostgresServer


@pytest.fixture
def fleet(
    new_program: NewProgram, bot_settings: dict[str, str], postgres_server: PostgresServer
) -> Iterator[Fleet]:
    """It polls, unless it is told otherwise; nobody runs yet."""
    name = postgres_server.create()
    url = postgres_server.url_of(name)
    stores = PostgresStores(
        url,
        bot_settings["MONGODB_URI"],
        bot_settings["MONGODB_DATABASE"],
        bot_settings["REDIS_URL"],
    )
    yield Fleet(new_program, stores, bot_settings | {"DATABASE_URL": url})
    stores.close()
    postgres_server.drop(name)


@pytest.fixture
def webhook_fleet(fleet: Fleet) -> Iterator[Fleet]:
    """Telegram delivers to one after the other."""
    port = free_port()
    fleet.deliver_to(port)
    with balancing(port, fleet.ports):
        yield fleet
