"""Valkey and mongod killed by -9 under load, and started again on what they had."""

import asyncio
import random
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.bus.log import marked, marks
from tests.crash.conftest import NewChild, make_collections
from tests.crash.deeds import FEATURES
from tests.crash.invariants import verify
from tests.crash.load import Load, drive
from tests.crash.places import PARTITIONS, Addresses, opened
from tests.crash.program import SHORT_TIMEOUT_MS, Orders
from tests.outages.servers import EngineServer
from tests.waiting import PATIENCE, until
from yabot.app.assembly import build_services
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey
from yabot.storage.relational.database import Database

LOAD = Load(readers=5, reactions=20, pace=0.15)
DEATHS = 2

Engines = dict[str, EngineServer]
# Those who react before Valkey dies, and those who do so while it is away.
EARLY, LATER = Load(readers=2, reactions=2), Load(readers=2, reactions=2, first_reader=200)
NEVER = 3600.0


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


async def place_of(engines: Engines, migrated_sqlite: Path, folder: Path) -> Addresses:
    path = shutil.copy(migrated_sqlite, folder / "yabot.db")
    uri = engines["mongod"].address("crash")
    await make_collections(uri, "crash")
    return Addresses(str(path), uri, "crash", engines["valkey"].address("crash"))


@pytest.mark.criterion("2.3.1", "rel.3")
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
    place = await place_of(engines, migrated_sqlite, tmp_path)
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


@pytest.mark.criterion("rel.3")
async def test_what_valkey_has_never_had_is_not_marked_as_published(
    engines: Engines, migrated_sqlite: Path, tmp_path: Path
) -> None:
    """Retention throws away what is marked: it would be nowhere then."""
    place = await place_of(engines, migrated_sqlite, tmp_path)
    async with opened(place, SHORT_TIMEOUT_MS) as stores:
        services = build_services(FEATURES, stores.database, stores.documents, PARTITIONS)
        relay = Relay(stores.database, Streams(stores.redis), sweep_seconds=NEVER)
        services.commits.followers.append(relay.notice)
        relay.loop.start()
        await drive(services, EARLY)
        await until(lambda: marked(stores.database))
        published = await _positions(stores.database, "published_pos")
        engines["valkey"].kill()
        await drive(services, LATER)
        await relay.loop.finish(PATIENCE)
    # Whatever it wanted to mark is written by now.
    async with opened(place) as stores:
        assert await _positions(stores.database, "published_pos") == published
        assert await _positions(stores.database, "last_pos") != published


async def _positions(database: Database, column: str) -> dict[int, int]:
    return {row["partition"]: row[column] for row in await marks(database)}
