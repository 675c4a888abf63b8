"""`yabot audit stores` finds every way in which the two halves of a user can differ."""

from collections.abc import Awaitable, Callable
from itertools import cycle
from uuid import uuid4

import pytest

from tests.features.users.storage.world import World
from tests.log.following import nothing_waits
from tests.storage.meanwhile import Meanwhile
from tests.waiting import until
from yabot.features.users.audit import audit_users
from yabot.log.document_follower import DocumentFollower
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

Harm = Callable[[DocumentStore], Awaitable[object]]


async def test_what_is_whole_or_on_its_way_is_well(
    world: World, database: Database, documents: DocumentStore
) -> None:
    await world.register()

    assert await audit_users(database, documents) == []


@pytest.mark.usefixtures("follower")
async def test_a_followed_change_is_well(
    world: World, database: Database, documents: DocumentStore
) -> None:
    await world.register()
    await world.prefer("english", "en")
    await until(nothing_waits(database))

    assert await audit_users(database, documents) == []


@pytest.mark.parametrize(
    ("harm", "difference"),
    [
        (
            lambda store: store["users"].delete_one({"_id": "7"}),
            "user 7: SQL has version 1, MongoDB has no document",
        ),
        (
            lambda store: store["users"].update_one({"_id": "7"}, {"$set": {"version": 9}}),
            "user 7: SQL has version 1, MongoDB has version 9",
        ),
    ],
)
async def test_a_difference_is_named(
    world: World,
    database: Database,
    documents: DocumentStore,
    follower: DocumentFollower,
    harm: Harm,
    difference: str,
) -> None:
    await world.register()
    await until(nothing_waits(database))
    await harm(documents)

    assert await audit_users(database, documents) == [difference]


@pytest.mark.usefixtures("follower")
async def test_a_document_without_a_user_is_found(
    world: World, database: Database, documents: DocumentStore
) -> None:
    await world.register()
    await until(nothing_waits(database))
    kept = await documents["users"].find_one({"_id": "7"})
    assert kept is not None
    await world.delete()
    await until(nothing_waits(database))
    await documents["users"].insert_one(kept)

    assert await audit_users(database, documents) == [
        "user 7: SQL has no profile, MongoDB has version 1 of a document"
    ]


@pytest.mark.usefixtures("follower")
async def test_who_moves_on_while_they_are_looked_at_is_well(
    world: World, database: Database, documents: DocumentStore
) -> None:
    """However busy they are: each answer of SQL's is out of date before MongoDB is asked."""
    meanwhile, languages = Meanwhile(database), cycle(("en", "es"))

    async def move_on() -> None:
        await world.prefer(f"{uuid4()}", next(languages))
        await until(nothing_waits(database))
        meanwhile.arm(move_on)

    await world.register()
    await until(nothing_waits(database))
    meanwhile.arm(move_on)

    assert await audit_users(meanwhile, documents) == []


async def test_ids_that_no_answer_of_mongodb_s_holds_all_are_looked_through(
    database: Database, documents: DocumentStore
) -> None:
    many = [{"_id": f"{n:04}{'x' * 4000}", "version": 1} for n in range(4400)]
    await documents["users"].drop()
    await documents["users"].insert_many(many)
    assert len(await audit_users(database, documents)) == len(many)
