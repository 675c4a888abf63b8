"""What health and metrics answer to whoever asks in a way that they do not have."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from yabot.api.app import build_operations
from yabot.observability.health import Health
from yabot.runtime.http import HttpServer

pytestmark = [pytest.mark.standard, pytest.mark.criterion("4.1.4")]

PATHS = ("/health/live", "/health/startup", "/health/ready", "/metrics")
ALLOWED = "GET, HEAD, OPTIONS"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    server = HttpServer(build_operations(Health()), "127.0.0.1", 0, variable="API_PORT")
    await server.start()
    async with aiohttp.ClientSession(server.url) as session:
        yield session
    await server.stop()


@pytest.mark.parametrize("path", PATHS)
async def test_another_method_is_a_problem_with_a_code(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.post(path) as answer:
        assert (answer.status, answer.content_type) == (405, "application/problem+json")
        assert answer.headers["Allow"] == ALLOWED
        problem = await answer.json()
    assert (problem["status"], problem["code"]) == (405, "method_not_allowed")
    assert problem["correlation_id"]


@pytest.mark.parametrize("path", PATHS)
async def test_they_tell_which_methods_they_have(client: aiohttp.ClientSession, path: str) -> None:
    async with client.options(path) as answer:
        assert (answer.status, answer.headers["Allow"]) == (204, ALLOWED)
        assert await answer.read() == b""


async def test_another_path_is_a_problem_with_a_code(client: aiohttp.ClientSession) -> None:
    async with client.get("/health/dead") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "path_unknown")
