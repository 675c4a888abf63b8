"""Several processes on one machine each find a port for their health."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing

import pytest
from structlog.testing import capture_logs

from tests.ports import free_port
from yabot.api.app import build_operations
from yabot.api.listener import listen_as_api, listen_for_health
from yabot.errors import ConfigurationError
from yabot.observability.health import Health
from yabot.runtime.connections import Connections
from yabot.runtime.http import HttpServer
from yabot.runtime.ports import Place, PortTaken, bind
from yabot.settings import ConfigManager

pytestmark = pytest.mark.standard

APP = build_operations(Health())


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def port_of(server: HttpServer) -> int:
    return int(server.url.rpartition(":")[2])


async def kept(stack: AsyncExitStack, server: HttpServer) -> int:
    stack.push_async_callback(server.stop)
    return port_of(server)


@pytest.mark.criterion("rel.4")
async def test_each_process_finds_a_port_where_none_is_chosen(stack: AsyncExitStack) -> None:
    """The first one, or as many as others on this machine need, may be taken already."""
    settings = ConfigManager({}, None).load().api
    others = {8083}
    found = [await kept(stack, await listen_for_health(APP, settings, others)) for _ in range(3)]
    assert found == sorted(set(found))
    assert set(found) <= set(range(8082, 8102)) - others


@pytest.mark.criterion("rel.4")
async def test_a_chosen_port_is_kept_or_named(stack: AsyncExitStack) -> None:
    port = free_port()
    settings = ConfigManager({"HEALTH_PORT": str(port)}, None).load().api
    assert await kept(stack, await listen_for_health(APP, settings, set())) == port
    with pytest.raises(PortTaken, match=f"^HEALTH_PORT: port {port} on 127.0.0.1 cannot be used"):
        await listen_for_health(APP, settings, set())


@pytest.mark.criterion("rel.4")
def test_of_two_that_come_at_once_one_has_the_port() -> None:
    """Also before it serves: the other would wait for a listener that is not its own."""
    port = free_port()
    place = Place("API_PORT", "127.0.0.1", port)
    with (
        closing(bind(place, Connections(1))),
        pytest.raises(PortTaken, match=f"^API_PORT: port {port} on 127.0.0.1 cannot be used"),
    ):
        bind(place, Connections(1))


@pytest.mark.parametrize("host", ["192.0.2.1", "1:2", "2001:db8::1", "a..b"])
async def test_an_address_that_is_none_of_this_machine_s_is_told_as_such(host: str) -> None:
    """No other port would mend it."""
    settings = ConfigManager({"API_HOST": host, "API_PORT": str(free_port())}, None).load().api
    with pytest.raises(ConfigurationError, match=f"^API_HOST: {re.escape(host)} cannot be bound"):
        await listen_as_api(APP, settings)


@pytest.mark.criterion("sec.1")
@pytest.mark.parametrize(("host", "warnings"), [("0.0.0.0", 1), ("127.0.0.1", 0)])
async def test_it_says_once_that_others_may_come_in_clear(
    stack: AsyncExitStack, host: str, warnings: int
) -> None:
    settings = ConfigManager({"API_HOST": host, "API_PORT": str(free_port())}, None).load().api
    with capture_logs() as told:
        await kept(stack, await listen_as_api(APP, settings))
    assert [line["event"] for line in told].count("api.unprotected") == warnings


async def test_the_api_has_its_port_or_none(stack: AsyncExitStack) -> None:
    settings = ConfigManager({"API_PORT": str(free_port())}, None).load().api
    assert await kept(stack, await listen_as_api(APP, settings)) == settings.port
    with pytest.raises(PortTaken, match=r"^API_PORT: "):
        await listen_as_api(APP, settings)
