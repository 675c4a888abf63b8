import asyncio
from pathlib import Path

import pytest

from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.ports import candidates, listening
from yabot.embedded.replica_set import become_primary
from yabot.embedded.users import MEMBER

from .conftest import MongoClient, running, save, saved, started


@pytest.mark.parametrize("after_ms", [None, 20])
async def test_a_first_start_that_was_killed_is_completed_by_the_next(
    after_ms: int | None, tmp_path: Path
) -> None:
    """None: before the set was initiated; else so long after the request to initiate it."""
    (tmp_path / "mongod" / "data").mkdir(parents=True)
    port = next(candidates(None))
    with running(EmbeddedMongod(tmp_path), port):
        await listening(port)
        if after_ms is not None:
            secret = (tmp_path / "mongod" / "secret").read_text()
            await _begin(f"127.0.0.1:{port}", secret, after_ms / 1000)
    async with started(EmbeddedMongod(tmp_path)) as uri:
        await save(uri, "works")
        assert await saved(uri) == "works"


async def _begin(address: str, secret: str, seconds: float) -> None:
    async with MongoClient(address, directConnection=True, password=secret, **MEMBER) as client:
        await client.admin.command("ping")
        initiating = asyncio.create_task(become_primary(client, address))
        await asyncio.wait([initiating], timeout=seconds)
        initiating.cancel()
