"""What changes goes where it belongs: state to MongoDB, profile to SQL."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Connection, update

from tests.features.users.storage.world import World, new_world, told_of
from tests.log.following import nothing_waits
from tests.storage.dumps import dump, events_of, rows_of
from tests.waiting import until
from yabot.clock import utc_now
from yabot.errors import InvalidInput
from yabot.features.users.model import UserState
from yabot.features.users.tables import user_profiles
from yabot.log.document_follower import DocumentFollower
from yabot.log.tables import doc_changes
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, executing


@pytest.mark.criterion("1.3.2", "1.1.3")
async def test_preferences_go_to_mongodb_and_leave_the_profile_alone(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    profiles = await rows_of(database, user_profiles)
    await world.prefer("language", "en")
    await until(nothing_waits(database))
    document = await documents.find("users", "7")
    assert document is not None
    assert document["preferences"]["language"] == "en"
    assert document["version"] == 2
    assert await rows_of(database, user_profiles) == profiles


@pytest.mark.criterion("1.3.2", "1.1.4")
async def test_a_profile_goes_to_sql_and_leaves_the_state_alone(
    database: Database, world: World
) -> None:
    await world.register()
    changes = await rows_of(database, doc_changes)

    async def rename(work: UnitOfWork) -> None:
        world.users.update_profile(work, await world.known(), {"username": "berta"})

    await world.decide("rename", rename)
    assert (await rows_of(database, user_profiles))[0]["username"] == "berta"
    assert await rows_of(database, doc_changes) == changes


@pytest.mark.parametrize("language", ["fr", "EN", ""])
async def test_nobody_prefers_a_language_that_the_bot_lacks(world: World, language: str) -> None:
    await world.register()
    with pytest.raises(InvalidInput):
        await world.prefer("language", language)


@pytest.mark.criterion("1.3.2")
async def test_an_event_names_the_fields_and_not_their_values(
    database: Database, world: World
) -> None:
    await world.register()
    await world.prefer("language", "en")
    told = json.loads((await events_of(database, "7"))[-1]["envelope"])["payload"]
    assert told == {"update_type": "preferences", "updated_fields": ["language"]}


def fail(_connection: Connection) -> None:
    raise ZeroDivisionError


@pytest.mark.criterion("1.3.2")
async def test_profile_and_state_change_as_one(database: Database, world: World) -> None:
    await world.register()
    before = await dump(database)

    async def change_both(work: UnitOfWork, *, fails: bool) -> None:
        user = await world.known()
        await world.users.state(user)
        world.users.update_profile(work, user, {"username": "berta"})
        world.users.update_preferences(work, user, {"theme": "dark"})
        if fails:
            work.add(fail)

    with pytest.raises(ZeroDivisionError):
        await world.decide("both", lambda work: change_both(work, fails=True))
    assert await dump(database) == before
    await world.decide("both", lambda work: change_both(work, fails=False))
    found = await world.users.get("7")
    assert found is not None
    assert (found[0].username, found[1].preferences.theme) == ("berta", "dark")


async def test_two_changes_of_the_state_in_one_unit_are_both_there(world: World) -> None:
    await world.register()

    async def change_twice(work: UnitOfWork) -> None:
        user = await world.known()
        await world.users.state(user)
        world.users.update_preferences(work, user, {"theme": "dark"})
        world.users.update_preferences(work, user, {"language": "en"})

    await world.decide("twice", change_twice)
    found = await world.users.get("7")
    assert found is not None
    state: UserState = found[1]
    assert (state.preferences.theme, state.preferences.language) == ("dark", "en")
    assert state.version == 2


async def test_a_state_that_was_not_read_cannot_be_changed(
    database: Database, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await until(nothing_waits(database))
    work = UnitOfWork((await world.prefer("other", "en")).cause)
    await until(nothing_waits(database))
    with pytest.raises(ValueError, match="read the state before"):
        world.users.update_preferences(work, await world.known(), {"language": "en"})


async def test_the_last_login_is_noted_now_and_then_and_an_inactive_user_comes_back(
    database: Database, world: World
) -> None:
    await world.register("one")
    long_ago = utc_now() - timedelta(days=3)
    statement = update(user_profiles).values(last_login=long_ago, is_active=False)

    def fall_asleep(connection: Connection) -> None:
        connection.execute(statement)

    await database.write(fall_asleep)
    profile = (await world.register("two")).profile
    assert profile.is_active
    assert profile.last_login > long_ago + timedelta(days=2)
    assert await told_of(database) == ["user_registered", "user_updated"]
    again = (await world.register("three")).profile
    assert again.last_login == profile.last_login


async def test_a_last_login_by_a_clock_that_was_ahead_is_set_right(
    sqlite_database: Database, unreachable: DocumentStore
) -> None:
    world = new_world(sqlite_database, unreachable)
    await world.register("one")
    ahead = update(user_profiles).values(last_login=utc_now() + timedelta(days=400))
    await sqlite_database.write(executing(ahead))
    assert (await world.register("two")).profile.last_login <= utc_now()
