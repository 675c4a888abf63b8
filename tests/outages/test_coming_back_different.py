"""A store that has been away is held against this version before it is used again."""

from collections.abc import Sequence
from functools import partial

import pytest

from tests.outages.world import Component, World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until

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


def is_told(world: World, difference: str) -> bool:
    reasons = [str(line["reason"]) for line in world.program.logged("health.changed")]
    return any(difference in reason for reason in reasons)
