"""Valkey and mongod killed by -9 under load, and started again on what they had."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.crash.conftest import NewChild, make_collections
from tests.crash.invariants import verify
from tests.crash.load import Load
from tests.crash.places import Addresses, opened
from tests.crash.program import Orders
from tests.outages.servers import EngineServer
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey

LOAD = Load(readers=6, reactions=25, pace=0.15)
DEATHS = 2

Engines = dict[str, EngineServer]


@pytest.fixture
async def engines(tmp_path: Path) -> AsyncIterator[Engines]:
    """Which nobody else uses."""
    running = {
        "mongod": EngineServer(EmbeddedMongod(tmp_path)),
        "valkey": EngineServer(EmbeddedValkey(tmp_path)),
    }
    await asyncio.gather(*(engine.start() for engine in running.values()))
    yield running
    await asyncio.gather(*(engine.end() for engine in running.values()))


@pytest.mark.criterion("2.3.1", "2.3.4", "rel.3")
@pytest.mark.parametrize(
    "mortal", [("valkey",), ("mongod",), ("valkey", "mongod")], ids=" and ".join
)
async def test_whatever_engine_dies_everything_happens_once_and_in_order(
    engines: Engines,
    migrated_sqlite: Path,
    tmp_path: Path,
    new_child: NewChild,
    mortal: Sequence[str],
) -> None:
    path = shutil.copy(migrated_sqlite, tmp_path / "yabot.db")
    uri = engines["mongod"].address("crash")
    await make_collections(uri, "crash")
    place = Addresses(str(path), uri, "crash", engines["valkey"].address("crash"))

    child = new_child(Orders(place, LOAD))
    child.start()
    moments = random.Random("-".join(mortal))
    for _ in range(DEATHS):
        await asyncio.sleep(moments.uniform(0.2, 1.0))
        for name in mortal:
            engines[name].kill()
        await asyncio.sleep(moments.uniform(0.1, 0.8))
        await asyncio.gather(*(engines[name].start() for name in mortal))
    assert await child.exit_code() == 0, child.tail()
    async with opened(place) as stores:
        await verify(stores, LOAD)
