"""A store that has been away is held against this version before it is used again."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pydantic import create_model

from tests.e2e.invariants import settle, verify
from tests.e2e.reader import readers
from tests.outages.world import Component, World
from tests.outages.worlds import NewWorld
from tests.storage.fixtures import PATIENCE_MS
from tests.storage.schema import COLLECTIONS
from tests.waiting import wait_until
from yabot.storage.documents.json_schema import mongo_schema
from yabot.storage.documents.store import DocumentStore

CHANGED: Sequence[Component] = ("sql", "mongodb")


@pytest.mark.criterion("1.2.4")
async def test_stores_that_come_back_different_are_not_used(new_world: NewWorld) -> None:
    """Somebody has changed the schema while the program could not see them."""
    world = new_world(postgres=True)
    world.program.start()
    for component in CHANGED:
        world.lose(component, "refused")
    for component in CHANGED:
        world.until_noticed(component)
    world.stores.change("DROP INDEX ix_subscriptions_user_id")
    rule = {"$jsonSchema": {"bsonType": "object", "required": ["surprise"]}}
    world.stores.mongodb.command("collMod", "users", validator=rule)
    for component in CHANGED:
        await world.restore(component)
    for difference in ("ix_subscriptions_user_id", "collection 'users'"):
        wait_until(partial(is_told, world, difference))
    assert world.program.health("ready")[0] == 503
    assert world.status("mongodb")["status"] == "degraded"
    # Mended by whoever changed it, it is used without a new start.
    world.stores.change("CREATE INDEX ix_subscriptions_user_id ON subscriptions (user_id)")
    wait_until(lambda: world.status("sql")["status"] == "ok")
    assert world.program.stop() == 0


@pytest.mark.criterion("1.2.4")
async def test_what_a_later_version_has_made_of_a_store_is_left_as_it_is(
    new_world: NewWorld,
) -> None:
    """It has been started while the earlier one still runs, and could not see the store."""
    (users,) = (each for each in COLLECTIONS if each.name == "users")
    mood: Any = (str | None, None)
    later = create_model(users.model.__name__, __base__=users.model, mood=mood)
    world = new_world()
    world.program.start()
    world.lose("mongodb", "refused")
    world.until_noticed("mongodb")
    database = world.program.settings["MONGODB_DATABASE"]
    address = world.places["mongodb"].server.address(database)
    store = DocumentStore(address, database, max_pool_size=1, timeout_ms=PATIENCE_MS)
    await store.ensure([replace(users, model=later)])
    await world.restore("mongodb")
    world.until_well()
    found = await (await store.database.list_collections(filter={"name": "users"})).next()
    assert found["options"]["validator"] == {"$jsonSchema": mongo_schema(later)}
    await store.close()
    assert world.program.stop() == 0


@pytest.mark.criterion("1.1.5")
async def test_a_start_does_not_take_an_empty_mongodb_for_that_of_its_users(
    new_world: NewWorld,
) -> None:
    """Somebody has dropped it meanwhile, or the program is to use one of another name."""
    world = new_world()
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        await lucia.ask("/start")
        settle(world.stores)
        assert world.program.stop() == 0
        held = world.stores.mongodb["users"].find_one({"_id": str(lucia.user_id)})
        assert held is not None
        world.stores.mongodb.client.drop_database(world.stores.mongodb.name)
        world.program.launch()
        world.program.wait_started()
        wait_until(partial(is_told, world, "is empty, and SQL knows users"))
        assert world.status("mongodb")["status"] == "degraded"
        world.stores.mongodb["users"].insert_one(held)
        world.until_well()
        verify(world.stores)
    assert world.program.stop() == 0


def is_told(world: World, difference: str) -> bool:
    reasons = [str(line["reason"]) for line in world.program.logged("health.changed")]
    return any(difference in reason for reason in reasons)
