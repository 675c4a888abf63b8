"""MongoDB comes to hold what SQL has committed, however often it is told and by whom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat

import pytest
from pymongo.errors import DuplicateKeyError
from sqlalchemy import Connection, delete

from tests.log.following import following, new_follower, nothing_waits, versions
from tests.log.units import deleting, state, stepping
from tests.storage.fixtures import new_commits
from tests.waiting import PATIENCE, until
from yabot.log.commit_log import CommitLog, Committed
from yabot.log.document_follower import DocumentFollower
from yabot.log.documents import checked
from yabot.log.tables import doc_changes
from yabot.log.unit_of_work import Cause, DocumentChange
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


def told(*changes: tuple[str, int, int | None]) -> Committed:
    """As a commit tells it: user, version before, version after (none for a deletion)."""
    documents = tuple((-n, _change(*each)) for n, each in enumerate(changes, start=1))
    return Committed(Cause("test", "told", "told"), documents=documents)


def _change(user: str, before: int, after: int | None) -> DocumentChange:
    document = None if after is None else state(user, after)
    return checked(DocumentChange(user, before, document))[0]


async def apply(database: Database, store: DocumentStore, committed: Committed) -> None:
    """Tell a follower that looks to its memory, not to SQL any more."""
    async with following(new_commits(database), store) as follower:

        async def has_looked_into_sql() -> bool:
            return follower.caught_up

        await until(has_looked_into_sql)
        follower.notice(committed)


@pytest.mark.criterion("1.1.3")
async def test_the_newest_document_of_each_user_arrives_and_the_rows_go(
    database: Database, commits: CommitLog, documents: DocumentStore
) -> None:
    async def walk(user: str, steps: int) -> None:
        for version in range(steps):
            await commits.commit(stepping(f"{user}:{version}", user, version))

    async with following(commits, documents):
        await asyncio.gather(*(walk(str(user), steps=3 + user) for user in range(5)))
        await until(nothing_waits(database))
        assert await versions(documents) == {str(user): 3 + user for user in range(5)}


async def test_rows_that_an_earlier_process_left_are_applied_at_the_start(
    database: Database, commits: CommitLog, documents: DocumentStore
) -> None:
    for version in range(3):
        await commits.commit(stepping(f"7:{version}", "7", version))
    await commits.commit(stepping("8", "8", 0))
    await commits.commit(deleting("8:gone", "8", 1))
    async with following(commits, documents):
        await until(nothing_waits(database))
    assert await versions(documents) == {"7": 3}


async def test_rows_that_nobody_told_of_are_found_by_the_sweep(
    database: Database, commits: CommitLog, documents: DocumentStore
) -> None:
    follower = new_follower(database, documents, sweep_seconds=0.1)
    follower.loop.start()
    for version in range(2):
        await commits.commit(stepping(f"7:{version}", "7", version))
        await until(nothing_waits(database))
    await follower.loop.finish(PATIENCE)
    assert await versions(documents) == {"7": 2}


async def test_applying_again_and_applying_late_change_nothing(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    steps = [("7", 0, 1), ("7", 1, 2), ("7", 2, 3)]
    for order in (steps, steps, list(reversed(steps)), steps[:1]):
        await apply(sqlite_database, documents, told(*order))
        assert await versions(documents) == {"7": 3}


async def test_a_deleted_user_who_comes_back_is_there(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    commits = new_commits(sqlite_database)
    async with following(commits, documents):
        await commits.commit(stepping("create", "7", 0))
        await commits.commit(deleting("delete", "7", 1))
        await until(nothing_waits(sqlite_database))
        assert await versions(documents) == {}
        await commits.commit(stepping("again", "7", 2))
        await commits.commit(deleting("delete again", "7", 3))
        await commits.commit(stepping("once more", "7", 4))
        await until(nothing_waits(sqlite_database))
    assert await versions(documents) == {"7": 5}


async def test_an_old_deletion_does_not_hit_the_one_who_came_back(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    await apply(sqlite_database, documents, told(("7", 2, 3), ("7", 1, None)))
    assert await versions(documents) == {"7": 3}


@asynccontextmanager
async def away(follower: DocumentFollower, store: DocumentStore) -> AsyncIterator[None]:
    """It fails at once, and tries again only when the store is back."""
    failed = asyncio.Event()
    follower.loop.pauses = lambda: repeat(PATIENCE)
    follower.loop.on_trouble = lambda _reason: failed.set()
    store.gate.reason = "a test has shut it"
    yield
    await failed.wait()
    store.gate.reason = None
    follower.loop.retry()


async def test_a_deleted_document_does_not_come_back_for_a_moment(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    """After a failure the rows come from SQL; memory must not bring the older ones once more."""
    commits = new_commits(sqlite_database)
    seen: list[str] = []
    async with (
        await documents["users"].watch() as changes,
        following(commits, documents) as follower,
    ):
        async with away(follower, documents):
            await commits.commit(stepping("create", "7", 0))
            await commits.commit(stepping("step", "7", 1))
            await commits.commit(deleting("delete", "7", 2))
        await until(nothing_waits(sqlite_database))
        await commits.commit(stepping("a stranger", "8", 0))
        while not seen or seen[-1] != "insert 8":
            change = await changes.next()
            seen.append(f"{change['operationType']} {change['documentKey']['_id']}")
    assert seen == ["insert 7", "replace 7", "delete 7", "insert 8"]


def erase_waiting_rows(connection: Connection) -> None:
    connection.execute(delete(doc_changes))


async def test_what_was_erased_with_its_user_does_not_come_back_from_memory(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    """A deletion takes the user's waiting rows out of SQL; the follower still remembers them."""
    commits = new_commits(sqlite_database)
    async with following(commits, documents) as follower:
        async with away(follower, documents):
            await commits.commit(stepping("create", "7", 0))
            await commits.commit(stepping("step", "7", 1))
            erasing = deleting("delete", "7", 2)
            erasing.add(erase_waiting_rows)
            await commits.commit(erasing)
        await until(nothing_waits(sqlite_database))
    assert await versions(documents) == {}


@pytest.mark.criterion("1.1.3")
async def test_an_older_version_that_arrives_in_the_same_moment_does_not_stay(
    database: Database, documents: DocumentStore
) -> None:
    """An attempt that was given up may be under way still, and get there beside the next one."""
    users = [str(number) for number in range(100)]

    async def arrive_late(connections: int, nth: int) -> None:
        for user in users[nth::connections]:
            first = state(user, 1).model_dump(by_alias=True)
            older = {"_id": user, "version": {"$lte": 0}}
            with suppress(DuplicateKeyError):
                await documents["users"].replace_one(older, first, upsert=True)

    for _ in range(5):
        await documents["users"].delete_many({})
        newer = told(*((user, 1, 2) for user in users))
        late = (arrive_late(4, nth) for nth in range(4))
        await asyncio.gather(apply(database, documents, newer), *late)
        assert await versions(documents) == dict.fromkeys(users, 2)
