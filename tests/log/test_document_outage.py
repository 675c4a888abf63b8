"""MongoDB goes away in the middle of work, by kill -9, and comes back."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.log.following import following, nothing_waits, versions
from tests.log.units import stepping
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PATIENCE_MS, new_commits
from tests.storage.schema import COLLECTIONS
from tests.waiting import until
from yabot.embedded.mongod import EmbeddedMongod
from yabot.log.commit_log import CommitLog
from yabot.log.tables import doc_changes
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.slow

USERS = [str(user) for user in range(10)]


async def walk(commits: CommitLog, start: int, end: int) -> None:
    for version in range(start, end):
        await asyncio.gather(
            *(commits.commit(stepping(f"{user}:{version}", user, version)) for user in USERS)
        )


def has_heard(reasons: list[str | None]) -> Callable[[], Awaitable[bool]]:
    async def heard() -> bool:
        return bool(reasons)

    return heard


@pytest.mark.criterion("1.1.3")
async def test_no_document_is_lost_when_mongod_is_killed_in_the_middle(
    sqlite_database: Database, tmp_path: Path
) -> None:
    mongod = EmbeddedMongod(tmp_path)
    uri = await mongod.start()
    store = DocumentStore(uri, "test", max_pool_size=10, timeout_ms=1000)
    # It waits for one that is only slow.
    patient = DocumentStore(uri, "test", max_pool_size=10, timeout_ms=PATIENCE_MS)
    await patient.ensure(COLLECTIONS)
    commits = new_commits(sqlite_database)
    reasons: list[str | None] = []
    async with following(commits, store) as follower:
        follower.loop.on_trouble = reasons.append
        walking = asyncio.create_task(walk(commits, 0, 10))
        await asyncio.sleep(0)
        assert mongod.pid is not None
        os.kill(mongod.pid, signal.SIGKILL)
        await walking
        await walk(commits, 10, 12)
        await mongod.stop()
        await until(has_heard(reasons))
        assert await rows_of(sqlite_database, doc_changes) != []
        await mongod.start()
        await walk(commits, 12, 15)
        await until(nothing_waits(sqlite_database))
    assert await versions(patient) == dict.fromkeys(USERS, 15)
    assert "MongoDB is not available" in str(reasons[0])
    assert reasons[-1] is None
    await store.close()
    await patient.close()
    await mongod.stop()
