"""A follower at work, and how far it has got."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.log.units import State
from tests.storage.dumps import rows_of
from tests.waiting import PATIENCE
from yabot.log.commit_log import CommitLog
from yabot.log.document_follower import DocumentFollower
from yabot.log.tables import doc_changes
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


def new_follower(
    database: Database, store: DocumentStore, *, sweep_seconds: float = 30
) -> DocumentFollower:
    return DocumentFollower(database, store, "users", State, sweep_seconds=sweep_seconds)


@asynccontextmanager
async def following(commits: CommitLog, store: DocumentStore) -> AsyncIterator[DocumentFollower]:
    follower = new_follower(commits.database, store)
    commits.followers.append(follower.notice)
    follower.loop.start()
    try:
        yield follower
    finally:
        await follower.loop.finish(PATIENCE)
        commits.followers.remove(follower.notice)


async def versions(store: DocumentStore) -> dict[str, int]:
    found = await store["users"].find({}).to_list()
    return {document["_id"]: document["version"] for document in found}


def nothing_waits(database: Database) -> Callable[[], Awaitable[bool]]:
    async def check() -> bool:
        return await rows_of(database, doc_changes) == []

    return check
