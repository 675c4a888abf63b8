"""Start and stop: a taken port, a foreign host, a store in use, a stop in the middle of it all."""

import asyncio
import sqlite3
from pathlib import Path

import aiohttp
import pytest
from aiogram import Bot

from tests.own_time import own_time
from tests.waiting import PATIENCE
from yabot.errors import ConfigurationError, SchemaMismatch, StartupError
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer
from yabot.playground.store import schema


async def test_a_taken_port_is_one_sentence(server: PlaygroundServer, tmp_path: Path) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError) as refused:
        await PlaygroundServer(tmp_path / "other.db", port=port).start()
    (problem,) = refused.value.problems
    assert problem.startswith(f"PLAYGROUND_PORT: port {port} on 127.0.0.1 cannot be used")
    assert refused.value.exit_code == 78


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.org", "::"])
async def test_only_loopback_hosts_are_served(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigurationError, match="this machine only"):
        await PlaygroundServer(tmp_path / "store.db", port=0, host=host).start()


async def test_two_servers_cannot_share_a_store(server: PlaygroundServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Another playground is running"):
        await PlaygroundServer(tmp_path / "playground.db", port=0).start()


async def test_a_store_that_is_none_stops_the_start(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    with pytest.raises(StartupError, match=r"broken\.db cannot be used"):
        await PlaygroundServer(broken, port=0).start()
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SchemaMismatch, match="version 99"):
        await PlaygroundServer(newer, port=0).start()


async def test_a_store_of_an_older_version_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "playground.db"
    older = sqlite3.connect(path)
    older.executescript(f"{schema.FIRST} PRAGMA user_version = 1;")
    older.execute("INSERT INTO users (id, first_name) VALUES (7, 'Alma')")
    older.execute("INSERT INTO bot VALUES (9, '9:token', 'YABOT', 'yabot_bot')")
    older.commit()
    older.close()
    server = PlaygroundServer(path, port=0)
    await server.start()
    try:
        assert server.bot_token == "9:token"
        async with PlaygroundClient(server.url) as client:
            (alma,) = await client.users()
        assert (alma["id"], alma["stars"]) == (7, 1000)
    finally:
        await server.stop()


async def test_stop_ends_long_polls_and_streams_within_two_seconds(
    server: PlaygroundServer, bot: Bot, http: aiohttp.ClientSession
) -> None:
    stream = await http.get(f"{server.url}/playground/stream")
    assert (await stream.content.readline()).startswith(b"event: hello")
    poll = asyncio.create_task(bot.get_updates(timeout=50))
    async with asyncio.timeout(PATIENCE):
        while not server.is_polled:  # noqa: ASYNC110 the server has nothing to tell it with
            await asyncio.sleep(0.01)
    started = own_time()
    await server.stop()
    assert own_time() - started < 2
    assert await poll == []
    assert b"hello" not in await stream.content.read()
    with pytest.raises(aiohttp.ClientConnectorError):
        await http.get(server.url)


async def test_everything_is_there_after_a_restart_at_the_same_address(
    server: PlaygroundServer, bot: Bot, tmp_path: Path, alma: int
) -> None:
    await server.stop()
    port = int(server.url.rpartition(":")[2])
    again = PlaygroundServer(tmp_path / "playground.db", port=port)
    await again.start()
    try:
        assert (again.url, again.bot_token) == (server.url, server.bot_token)
        (update,) = await bot.get_updates()
        assert update.message is not None
        assert update.message.chat.id == alma
    finally:
        await again.stop()
