"""A running playground, an unmodified aiogram bot on it and the reader's client, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiogram import Bot

from tests.playground.child import SessionOfCalls
from tests.ports import free_port
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[PlaygroundServer]:
    running = PlaygroundServer(tmp_path / "playground.db", port=free_port())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def bot(server: PlaygroundServer) -> AsyncIterator[Bot]:
    async with Bot(server.bot_token, session=SessionOfCalls(server.url)) as connected:
        yield connected


@pytest.fixture
async def client(server: PlaygroundServer) -> AsyncIterator[PlaygroundClient]:
    async with PlaygroundClient(server.url) as connected:
        yield connected


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alma(client: PlaygroundClient) -> int:
    """The id of the first user, who has sent /start."""
    (first,) = await client.users()
    await client.send(first["id"], "/start")
    return int(first["id"])
