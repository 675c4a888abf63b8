"""A program is found at the address that it binds, whatever kind of address that is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.diagnosis import found
from tests.ports import free_port
from yabot.api.alive import main as is_alive
from yabot.api.app import build_operations
from yabot.cli.probes import PROGRAM
from yabot.observability.health import Health
from yabot.runtime.http import HttpServer

pytestmark = pytest.mark.standard


@asynccontextmanager
async def listening(host: str) -> AsyncIterator[dict[str, str]]:
    """The settings of what listens there."""
    settings = {"API_HOST": host, "API_PORT": str(free_port()), "HEALTH_PORT": str(free_port())}
    app, port = build_operations(Health()), int(settings["API_PORT"])
    server = HttpServer(app, host, port, variable="API_PORT")
    await server.start()
    try:
        yield settings
    finally:
        await server.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"])
async def test_a_container_s_health_check_finds_it(host: str) -> None:
    async with listening(host) as settings:
        assert await asyncio.to_thread(is_alive, settings) == 0
    assert await asyncio.to_thread(is_alive, settings) == 1


@pytest.mark.usefixtures("unhurried")
async def test_doctor_finds_it_by_ipv6(tmp_path: Path) -> None:
    async with listening("::1") as settings:
        checks = await found(tmp_path, **settings)
    assert "none answers" not in checks[PROGRAM].message
