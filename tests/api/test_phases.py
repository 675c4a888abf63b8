"""One listener, two phases: what answers always, and what answers while the program works."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from fastapi import FastAPI

from tests.waiting import PATIENCE
from yabot.api.app import build_operations
from yabot.api.phases import PhasedApp
from yabot.observability.health import Health
from yabot.runtime.http import HttpServer

pytestmark = pytest.mark.standard


class Slow:
    """A part of the API whose answer waits for ``go``."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()
        self.app = FastAPI()
        self.app.add_api_route("/api/v1/slow", self._answer)

    async def _answer(self) -> str:
        self.asked.set()
        await self.go.wait()
        return "done"


@pytest.fixture
def face() -> PhasedApp:
    return PhasedApp(build_operations(Health()), lambda: "closed")


@pytest.fixture
async def client(face: PhasedApp) -> AsyncIterator[aiohttp.ClientSession]:
    server = HttpServer(face, "127.0.0.1", 0, variable="API_PORT")
    await server.start()
    async with aiohttp.ClientSession(server.url) as session:
        yield session
    await server.stop()


async def answered(client: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with client.get(path) as answer:
        return answer.status, await answer.text()


async def test_health_and_metrics_answer_whether_open_or_not(
    face: PhasedApp, client: aiohttp.ClientSession
) -> None:
    assert (await answered(client, "/health/live"))[0] == 200
    face.open(FastAPI())
    assert (await answered(client, "/metrics"))[0] == 200
    await face.close(0)
    assert (await answered(client, "/health/live"))[0] == 200


async def test_the_rest_is_refused_before_it_is_open_with_when_to_ask_again(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get("/api/v1/slow") as answer:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
        assert answer.content_type == "application/problem+json"
        problem = await answer.json()
        assert problem["code"] == "not_open"
        assert "closed" in problem["detail"]


async def test_a_request_under_way_ends_while_others_are_refused(
    face: PhasedApp, client: aiohttp.ClientSession
) -> None:
    slow = Slow()
    face.open(slow.app)
    begun = asyncio.create_task(answered(client, "/api/v1/slow"))
    await slow.asked.wait()
    closing = asyncio.create_task(face.close(PATIENCE))
    await asyncio.sleep(0)
    assert (await answered(client, "/api/v1/slow"))[0] == 503
    assert not closing.done()
    slow.go.set()
    assert await begun == (200, json.dumps("done"))
    await closing


async def test_whoever_does_not_end_is_not_waited_for(
    face: PhasedApp, client: aiohttp.ClientSession
) -> None:
    slow = Slow()
    face.open(slow.app)
    begun = asyncio.create_task(answered(client, "/api/v1/slow"))
    await slow.asked.wait()
    await face.close(0)
    assert not begun.done()
    slow.go.set()
    assert (await begun)[0] == 200
