"""A user comes into being in both databases as one, or not at all."""

import asyncio
import json

import pytest

from tests.features.users.storage.world import World, ana, new_world, told_of
from tests.log.faults import failing_at
from tests.log.following import following, nothing_waits, versions
from tests.storage.dumps import dump, events_of, rows_of
from tests.waiting import until
from yabot.errors import StoreUnavailable
from yabot.features.users.tables import user_profiles
from yabot.log.document_follower import DocumentFollower
from yabot.log.tables import doc_changes
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database


@pytest.mark.criterion("1.3.1")
async def test_a_new_user_is_in_both_databases(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await until(nothing_waits(database))
    profile = (await rows_of(database, user_profiles))[0]
    assert profile["user_id"] == "7"
    assert profile["telegram_user_id"] == 7
    assert profile["username"] == "ana"
    assert profile["is_active"]
    document = await documents.find("users", "7")
    assert document is not None
    assert document["version"] == 1
    assert document["current_state"]["narrative_progress"]["current_fragment"] is None
    assert document["preferences"]["notifications_enabled"] is True
    assert await told_of(database) == ["user_registered"]


@pytest.mark.criterion("1.3.1")
async def test_both_halves_are_one_commit(database: Database, world: World) -> None:
    await world.register()
    assert len(await rows_of(database, user_profiles)) == 1
    change = (await rows_of(database, doc_changes))[0]
    assert json.loads(change["document"])["_id"] == "7"
    assert change["from_version"] == 0


@pytest.mark.criterion("1.3.1")
async def test_many_who_meet_a_new_user_at_once_make_one(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    other = new_world(database, documents)
    other.services.commits.followers.append(follower.notice)
    await asyncio.gather(*((world, other)[n % 2].register(f"update {n % 6}") for n in range(12)))
    await until(nothing_waits(database))
    assert len(await rows_of(database, user_profiles)) == 1
    assert await told_of(database) == ["user_registered"]
    assert await versions(documents) == {"7": 1}


@pytest.mark.criterion("1.3.4")
async def test_a_creation_that_fails_leaves_nothing_and_says_why(
    database: Database, documents: DocumentStore, world: World
) -> None:
    async def meet(work: UnitOfWork) -> None:
        await world.users.meet(work, ana())

    async def fails_at(statement: int) -> bool:
        with failing_at(database.engine, statement):
            try:
                await world.decide("start", meet)
            except StoreUnavailable:
                return True
        return False

    before, broken_at = await dump(database), 1
    while await fails_at(broken_at):
        assert await dump(database) == before
        assert await world.users.get("7") is None
        broken_at += 1
    assert broken_at > 5
    # Only now: what the follower asks of SQL would be struck instead.
    async with following(world.services.commits, documents):
        await until(nothing_waits(database))
    assert await versions(documents) == {"7": 1}
    assert await told_of(database) == ["user_registered"]


@pytest.mark.criterion("1.3.1", "1.1.5")
async def test_a_user_can_come_while_mongodb_is_away(
    database: Database, documents: DocumentStore, unreachable: DocumentStore
) -> None:
    world = new_world(database, unreachable)
    user = await world.register()
    assert (await world.users.state(user)).version == 1
    # MongoDB is back, and a process with it finds the document that waits.
    back = new_world(database, documents)
    found = await back.users.get("7")
    assert found is not None
    assert found[1].version == 1


@pytest.mark.criterion("1.3.2")
async def test_someone_known_is_brought_up_to_date(database: Database, world: World) -> None:
    await world.register("one")
    await world.register("two")
    user = await world.register("three", ana(first_name="Anna", username=None))
    assert user.profile.first_name == "Anna"
    assert user.profile.username is None
    assert await told_of(database) == ["user_registered", "user_updated"]
    changed = json.loads((await events_of(database, "7"))[1]["envelope"])["payload"]
    assert sorted(changed["updated_fields"]) == ["first_name", "username"]
    assert "Anna" not in json.dumps(changed)


async def test_one_unit_meets_and_changes_the_new_user(database: Database, world: World) -> None:
    async def start(work: UnitOfWork) -> None:
        user = await world.users.meet(work, ana())
        assert user.is_new
        world.users.update_preferences(work, user, {"language": "en"})

    await world.decide("start", start)
    found = await world.users.get("7")
    assert found is not None
    assert found[1].version == 1
    assert found[1].preferences.language == "en"
