"""What MongoDB cannot hold is not committed; what it refuses all the same holds up nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from traceback import format_exception
from typing import Any

import pytest
from sqlalchemy import Connection, insert
from structlog.testing import capture_logs

from tests.features.users.storage.world import World, ana, new_world
from tests.log.following import following, new_follower, versions
from tests.log.units import holding, stepping
from tests.storage.dumps import dump, rows_of
from tests.storage.fixtures import new_commits
from tests.waiting import until
from yabot.events.envelope import EventPayload
from yabot.events.failures import DocumentRefused
from yabot.features.users.audit import audit_users
from yabot.log.commit_log import CommitLog
from yabot.log.document_follower import DocumentFollower
from yabot.log.documents import DEEPEST, MOST_BYTES, DocumentInvalid
from yabot.log.tables import doc_changes
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

SECRET = "my cat is called Misu"
REASON = "error 121, document failed validation"
# The document itself, its current_state and session_data.
ABOVE = 3


def nested(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels - 1):
        found = {"in": found}
    return found


@pytest.mark.standard
@pytest.mark.parametrize(
    ("session_data", "reason"),
    [
        ({SECRET: 2**63}, "OverflowError"),
        ({f"{SECRET}\0": 1}, "InvalidDocument"),
        ({"text": f"{SECRET}\ud800"}, "UnicodeEncodeError|PydanticSerializationError"),
        ({"text": SECRET + "x" * MOST_BYTES}, f"{MOST_BYTES} are the most"),
        ({SECRET: nested(DEEPEST - ABOVE + 1)}, f"deeper than {DEEPEST} levels"),
    ],
    ids=["a number", "a key", "no text", "its size", "its depth"],
)
async def test_what_mongodb_could_not_hold_is_refused_before_anything_happens(
    sqlite_database: Database, session_data: dict[str, Any], reason: str
) -> None:
    before = await dump(sqlite_database)
    with pytest.raises(DocumentInvalid, match=reason) as refused:
        await new_commits(sqlite_database).commit(holding("cause", session_data))
    assert SECRET not in "".join(format_exception(refused.value))
    assert await dump(sqlite_database) == before


async def test_what_is_as_deep_and_as_large_as_it_may_be_arrives(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    largest = {"deep": nested(DEEPEST - ABOVE), "text": "x" * (MOST_BYTES - 5000)}
    await new_commits(sqlite_database).commit(holding("cause", largest))
    await new_follower(sqlite_database, documents).catch_up()
    assert await versions(documents) == {"7": 1}


@asynccontextmanager
async def refusing(store: DocumentStore, user_id: str) -> AsyncIterator[None]:
    """The collection takes no document of the user."""
    options = await (await store.database.list_collections(filter={"name": "users"})).next()
    others: dict[str, Any] = {"_id": {"$ne": user_id}}
    await store.database.command("collMod", "users", validator=others)
    yield
    validator = options["options"]["validator"]
    await store.database.command("collMod", "users", validator=validator)


class Told:
    """What a follower tells of refusals."""

    def __init__(self, follower: DocumentFollower) -> None:
        self.events: list[EventPayload] = []
        self.reasons: list[str | None] = []
        follower.refused.tell = self.events.append
        follower.refused.on_refused = self.reasons.append


async def refused_rows(database: Database) -> list[tuple[str, int]]:
    rows = await rows_of(database, doc_changes)
    return [(row["user_id"], row["from_version"] + 1) for row in rows if row["refused"]]


async def test_a_refused_document_is_set_aside_and_the_others_go_on(
    database: Database, commits: CommitLog, documents: DocumentStore
) -> None:
    async with refusing(documents, "8"), following(commits, documents) as follower:
        told = Told(follower)
        with capture_logs() as logs:
            for user in ("7", "8", "9"):
                await commits.commit(stepping(f"create {user}", user, 0))

            async def is_set_aside() -> bool:
                return await refused_rows(database) == [("8", 1)]

            await until(is_set_aside)
            await commits.commit(stepping("step", "9", 1))

            async def has_gone_on() -> bool:
                return await versions(documents) == {"7": 1, "9": 2}

            await until(has_gone_on)
    assert told.events == [DocumentRefused(reason=REASON)]
    # At once, not with the next sweep.
    assert "documents of 1 readers" in str(told.reasons[-1])
    (line,) = [each for each in logs if each["event"] == "document.refused"]
    assert (line["user_id"], line["version"], line["reason"]) == ("8", 1, REASON)


async def test_a_document_that_meets_another_users_is_set_aside_as_well(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    """Somebody has made an index of their own, and two readers are alike in it."""
    commits = new_commits(sqlite_database)
    await documents["users"].create_index("preferences.theme", unique=True, name="by hand")
    for user in ("7", "8"):
        await commits.commit(stepping(f"create {user}", user, 0))
    await new_follower(sqlite_database, documents).catch_up()
    assert await versions(documents) == {"7": 1}
    (row,) = await rows_of(sqlite_database, doc_changes)
    assert (row["user_id"], row["refused"]) == ("8", "error 11000, duplicate key")
    await documents["users"].drop_index("by hand")
    await new_follower(sqlite_database, documents).catch_up()
    assert await versions(documents) == {"7": 1, "8": 1}


async def test_it_is_offered_again_and_told_of_once(
    database: Database, commits: CommitLog, documents: DocumentStore
) -> None:
    await commits.commit(stepping("create", "8", 0))
    async with refusing(documents, "8"):
        first = new_follower(database, documents)
        told = Told(first)
        await first.catch_up()
        await first.catch_up()
        assert told.events == [DocumentRefused(reason=REASON)]
        assert "1 readers" in str(told.reasons[-1])
        next_start = new_follower(database, documents)
        later = Told(next_start)
        await next_start.catch_up()
        assert later.events == []
        assert "1 readers" in str(later.reasons[-1])
    await next_start.catch_up()
    assert await versions(documents) == {"8": 1}
    assert await rows_of(database, doc_changes) == []
    await next_start.catch_up()
    assert later.reasons[-1] is None


async def test_a_newer_document_takes_the_place_of_a_refused_one(
    database: Database, commits: CommitLog, documents: DocumentStore
) -> None:
    follower = new_follower(database, documents)
    async with refusing(documents, "8"):
        for version in range(3):
            await commits.commit(stepping(f"step {version}", "8", version))
            await follower.catch_up()
        assert await refused_rows(database) == [("8", 3)]
        assert await versions(documents) == {}
    await commits.commit(stepping("last step", "8", 3))
    await follower.catch_up()
    assert await rows_of(database, doc_changes) == []
    assert await versions(documents) == {"8": 4}


async def test_whoever_is_forgotten_is_so_with_what_was_refused(
    database: Database, documents: DocumentStore
) -> None:
    world = new_world(database, documents)
    follower = new_follower(database, documents)
    await world.register()
    await follower.catch_up()
    async with refusing(documents, "7"):
        await world.prefer("english", "en")
        await follower.catch_up()
        assert await refused_rows(database) == [("7", 2)]
        await world.delete()
        await follower.catch_up()
    await follower.catch_up()
    assert await rows_of(database, doc_changes) == []
    assert await versions(documents) == {}


async def test_its_reader_sees_the_newest_state_and_the_audit_names_them(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    world = new_world(sqlite_database, documents)
    follower = new_follower(sqlite_database, documents)
    await world.register()
    await world.register("another", ana_called(8))
    await follower.catch_up()
    async with refusing(documents, "7"):
        await world.prefer("english", "en")
        await follower.catch_up()
        assert await language(new_world(sqlite_database, documents)) == "en"
        told = await audit_users(sqlite_database, documents)
    assert told == [f"user 7: SQL has version 2, MongoDB has version 1; it refuses it: {REASON}"]


def ana_called(number: int) -> Any:
    return ana().model_copy(update={"id": number, "username": f"ana{number}"})


async def language(world: World) -> str | None:
    return (await world.users.preferences(await world.known())).language


async def test_a_row_that_this_version_cannot_read_holds_up_nobody(
    database: Database, commits: CommitLog, documents: DocumentStore
) -> None:
    row = {"user_id": "6", "from_version": 0, "document": f'{{"of": "{SECRET}"}}'}

    def add(connection: Connection) -> None:
        connection.execute(insert(doc_changes), row)

    await database.write(add)
    await commits.commit(stepping("create", "7", 0))
    follower = new_follower(database, documents)
    told = Told(follower)
    await follower.catch_up()
    assert await versions(documents) == {"7": 1}
    (event,) = told.events
    assert "ValidationError" in str(event)
    assert SECRET not in str(event)
