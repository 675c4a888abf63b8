import asyncio
import socket
from pathlib import Path

import pytest

from tests.uris import port_of
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey

from .conftest import save, saved, started


@pytest.mark.parametrize("engine_class", [EmbeddedMongod, EmbeddedValkey])
async def test_an_engine_whose_port_is_taken_moves_with_its_data(
    engine_class: type[EmbeddedEngine], tmp_path: Path
) -> None:
    async with started(engine_class(tmp_path)) as address:
        await save(address, "first")
    stranger = await asyncio.start_server(_hang_up, "127.0.0.1", _port(tmp_path, engine_class))
    async with stranger, started(engine_class(tmp_path)) as moved:
        assert moved != address
        assert await saved(moved) == "first"
        await save(moved, "second")
        assert await saved(moved) == "second"
        assert port_of(moved) == _port(tmp_path, engine_class)


def test_the_engines_listen_on_loopback_only(mongodb_uri: str, redis_url: str) -> None:
    for uri in (mongodb_uri, redis_url):
        assert "@127.0.0.1:" in uri
        with pytest.raises((ConnectionRefusedError, TimeoutError)):
            socket.create_connection(("127.0.0.2", port_of(uri)), timeout=2)


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _port(data_dir: Path, engine_class: type[EmbeddedEngine]) -> int:
    return int((data_dir / engine_class.name / "port").read_text())
