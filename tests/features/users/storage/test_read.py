"""Profile and state are read as one, wherever the state is at the moment."""

import asyncio
import json
import re
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.features.users.storage.world import World, ana, new_world
from tests.log.following import following, nothing_waits
from tests.log.test_retention_steps import instructions, rows_scanned, selects
from tests.storage.dumps import rows_of
from tests.storage.schema import COLLECTIONS
from tests.waiting import until
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.features.users.repository import find
from yabot.features.users.states import StateLost, StateUnreadable
from yabot.features.users.tables import user_profiles
from yabot.log.document_follower import DocumentFollower
from yabot.log.tables import doc_changes, user_counters
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, executing

MANY = 1000


async def language(world: World) -> str | None:
    found = await world.users.get("7")
    assert found is not None
    profile, state = found
    assert profile.user_id == state.id == "7"
    return state.preferences.language


@pytest.mark.criterion("1.3.3")
async def test_the_newest_state_is_read_before_mongodb_has_it(
    database: Database, documents: DocumentStore, world: World
) -> None:
    await world.register()
    for number, wanted in enumerate(("en", "es", "en")):
        await world.prefer(f"language {number}", wanted)
        # As the process that wrote it sees it, and as another does.
        assert await language(world) == wanted
        assert await language(new_world(database, documents)) == wanted
    assert await documents.find("users", "7") is None


@pytest.mark.criterion("1.3.3")
async def test_the_newest_state_is_read_once_mongodb_has_it(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await world.prefer("language", "en")
    await until(nothing_waits(database))
    assert await language(world) == "en"
    assert await language(new_world(database, documents)) == "en"


@pytest.mark.criterion("1.3.3")
async def test_a_process_never_reads_what_another_has_overtaken(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    other = new_world(database, documents)
    other.services.commits.followers.append(follower.notice)
    await world.register()
    for number, wanted in enumerate(("en", "es", "en")):
        await (world, other)[number % 2].prefer(f"language {number}", wanted)
        assert await language(world) == await language(other) == wanted
        await until(nothing_waits(database))
        assert await language(world) == await language(other) == wanted


@pytest.mark.criterion("1.3.3", "1.1.5")
async def test_a_state_that_waits_in_sql_is_read_while_mongodb_is_away(
    database: Database, world: World, unreachable: DocumentStore
) -> None:
    await world.register()
    await world.prefer("language", "en")
    assert await language(new_world(database, unreachable)) == "en"


@pytest.mark.criterion("1.3.3")
async def test_an_unreachable_state_is_not_an_absent_user(
    database: Database, world: World, follower: DocumentFollower, unreachable: DocumentStore
) -> None:
    await world.register()
    await until(nothing_waits(database))
    cut_off = new_world(database, unreachable)
    with pytest.raises(StoreUnavailable, match="MongoDB is not available"):
        await cut_off.users.get("7")
    # What needs no document still works.
    assert (await cut_off.known()).profile.first_name == "Ana"
    assert await cut_off.users.get("8") is None


async def test_states_that_were_read_ahead_need_no_mongodb_however_few_are_remembered(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    readers = [await world.register(user_id, ana(id=user_id)) for user_id in "789"]
    await until(nothing_waits(database))
    other = new_world(database, documents)
    other.users.cache.keep(1)
    await other.users.read_ahead([await database.read(find(each.user_id)) for each in readers])
    await documents["users"].delete_many({})
    for each in readers:
        assert (await other.users.state(await other.known(each.user_id))).id == each.user_id


async def test_a_state_that_was_just_written_needs_no_mongodb(
    database: Database, documents: DocumentStore, unreachable: DocumentStore
) -> None:
    """The cache knows the very version that SQL names."""
    world = new_world(database, unreachable)
    async with following(world.services.commits, documents):
        await world.register()
        await until(nothing_waits(database))
        assert await language(world) is None


async def test_a_state_that_mongodb_has_lost_is_told(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await until(nothing_waits(database))
    await documents["users"].delete_one({"_id": "7"})
    with pytest.raises(StateLost, match="restore the collection 'users' from its backup"):
        await new_world(database, documents).users.get("7")


async def test_a_mongodb_that_has_none_of_the_states_it_had_is_not_taken_for_ours(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    """Another's, one that was emptied, or one of a wrong name."""
    await world.users.require_states()
    await world.register()
    await until(nothing_waits(database))
    await world.users.require_states()
    await documents["users"].delete_many({})
    told = "'users' is empty, and SQL knows users whose states it had: name the one that has them"
    with pytest.raises(StoreUnavailable, match=told):
        await world.users.require_states()
    # Of who has been forgotten it is to have none.
    await world.delete()
    await until(nothing_waits(database))
    await world.users.require_states()


async def test_of_however_many_users_few_are_looked_at(database: Database, world: World) -> None:
    """MongoDB is asked again and again while it is the wrong one."""
    profile = (await world.register()).profile.model_dump()
    (counters,) = await rows_of(database, user_counters)
    others = [{"user_id": f"{n}", "telegram_user_id": n} for n in range(MANY, 2 * MANY)]
    ids = [{"user_id": each["user_id"]} for each in others]
    await database.write(
        executing(insert(user_profiles).values([{**profile, **of} for of in others]))
    )
    await database.write(
        executing(insert(user_counters).values([{**counters, **of} for of in ids]))
    )
    with selects() as asked, pytest.raises(StoreUnavailable):
        await world.users.require_states()
    is_postgres = database.engine.dialect.name == "postgresql"
    looked = rows_scanned if is_postgres else instructions
    assert max(looked(database.engine, each) for each in asked) < MANY


async def test_readers_come_and_come_back_where_an_operator_has_given_up_the_states(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    """The collection was dropped, and there is no backup of it."""
    await world.register()
    await until(nothing_waits(database))
    await documents["users"].drop()
    with pytest.raises(StoreUnavailable) as missed:
        await documents.ensure(COLLECTIONS)
    said = "put {_id: 'users', given_up: true} in the place of the document with that _id in "
    assert f"{said}'schema_fingerprints', and start YABOT again" in missed.value.reason
    told = re.escape(f"{said}'schema_fingerprints'")
    with pytest.raises(StoreUnavailable, match=told):
        await world.users.require_states()
    await documents["schema_fingerprints"].replace_one({"_id": "users"}, {"given_up": True})
    for _start in range(2):
        await documents.ensure(COLLECTIONS)
        await world.users.require_states()
    await world.register("of 8", ana(id="8"))
    with pytest.raises(StateLost):
        await new_world(database, documents).users.get("7")
    # Of who was there before, as of any other.
    await world.delete()
    await world.register("again")
    await until(nothing_waits(database))
    for user_id in "78":
        assert await new_world(database, documents).users.get(user_id) is not None


async def test_states_that_only_wait_in_sql_are_not_missed(world: World) -> None:
    await world.register()
    await world.users.require_states()


@pytest.mark.parametrize(
    "spoilt", [{"current_state": 5}, {"version": "x"}, {"of_a_newer_version": 1}], ids=str
)
async def test_a_state_that_cannot_be_read_costs_nothing_that_needs_none(
    database: Database,
    documents: DocumentStore,
    world: World,
    follower: DocumentFollower,
    spoilt: dict[str, Any],
) -> None:
    """By hand, or by a newer version. Whoever pays or wants to be forgotten does not need it."""
    await world.register()
    await until(nothing_waits(database))
    await documents["users"].update_one(
        {"_id": "7"}, {"$set": spoilt}, bypass_document_validation=True
    )
    other = new_world(database, documents)
    await other.users.read_ahead([await database.read(find("7"))])
    told = "if a newer version of this program has written it, start that one; if somebody"
    with pytest.raises(StateUnreadable, match=told):
        await other.users.get("7")
    assert (await other.users.preferences(await other.known("7"))).language is None
    await world.delete()
    await until(nothing_waits(database))
    assert await documents.find("users", "7") is None


async def test_a_state_of_a_newer_version_that_waits_in_sql_costs_nothing_that_needs_none(
    database: Database, documents: DocumentStore, world: World
) -> None:
    await world.register()
    (row,) = await rows_of(database, doc_changes)
    newer = json.dumps({**json.loads(row["document"]), "of_a_newer_version": 1})
    await database.write(executing(update(doc_changes).values(document=newer)))
    other = new_world(database, documents)
    with pytest.raises(
        StateUnreadable, match=r"SQL holds what .* in the table 'doc_changes', undo"
    ):
        await other.users.get("7")
    assert (await other.users.preferences(await other.known("7"))).language is None
    # It is kept, for the newer version, until its user goes.
    assert (await rows_of(database, doc_changes))[0]["document"] == newer
    await other.delete()
    assert await other.users.find("7") is None


async def test_one_who_is_deleted_while_being_read_is_gone_not_lost(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await until(nothing_waits(database))
    other = new_world(database, documents)
    user = await other.known()
    await world.delete()
    await until(nothing_waits(database))
    with pytest.raises(GuardFailed, match="has changed meanwhile"):
        await other.users.state(user)
    assert await other.users.get("7") is None


async def test_one_who_moves_on_while_being_read_is_read_again(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await until(nothing_waits(database))
    other = new_world(database, documents)
    user = await other.known()
    await world.prefer("language", "en")
    await until(nothing_waits(database))
    with pytest.raises(GuardFailed):
        await other.users.state(user)
    assert await language(other) == "en"


async def test_reading_writes_nothing(database: Database, world: World) -> None:
    await world.register()
    before = await rows_of(database, doc_changes)
    await asyncio.gather(*(world.users.get("7") for _ in range(10)))
    assert await rows_of(database, doc_changes) == before
