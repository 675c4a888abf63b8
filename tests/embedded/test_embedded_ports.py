import asyncio
import socket
from pathlib import Path

import pytest
from pymongo import MongoClient

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
    async with started(engine_class(tmp_path)) as again:
        assert again == moved
        assert await saved(again) == "second"


async def test_the_engines_listen_on_loopback_only(tmp_path: Path) -> None:
    async with started(EmbeddedMongod(tmp_path)) as uri, started(EmbeddedValkey(tmp_path)) as url:
        with MongoClient[dict[str, object]](uri) as client:
            options = client.admin.command("getCmdLineOpts")["parsed"]["net"]
        assert options["bindIp"] == "127.0.0.1"
        assert options["unixDomainSocket"] == {"enabled": False}
        assert url.startswith("redis://127.0.0.1:")
        for engine_class in (EmbeddedMongod, EmbeddedValkey):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", _port(tmp_path, engine_class)), timeout=2)


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _port(data_dir: Path, engine_class: type[EmbeddedEngine]) -> int:
    return int((data_dir / engine_class.name / "port").read_text())
