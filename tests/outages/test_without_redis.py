"""Redis away: readers notice nothing; events wait in the outbox, also across restarts."""

import pytest

from tests.e2e.invariants import verify
from tests.e2e.player import Player
from tests.e2e.reader import readers
from tests.outages.world import Way
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until

WAITING = "SELECT count(*) FROM outbox JOIN partitions USING (partition) WHERE pos > published_pos"


@pytest.mark.criterion("1.1.5", "2.1.2", "2.1.3", "5.1.5", "5.3.5")
@pytest.mark.parametrize("way", ["killed", "unreachable"])
async def test_without_redis_events_wait_and_nothing_else_does(
    new_world: NewWorld, way: Way
) -> None:
    world = new_world()
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        player = Player(world.stores, lucia)
        await player.begin()
        world.lose("redis", way)
        await lucia.press("c:letter:look")
        await lucia.press("c:envelope:keep", answers=2)
        (answer,) = await lucia.ask("/menu")
        assert "story:again" in str(answer)
        world.until_noticed("redis")
        status, body = world.program.health("ready")
        assert (status, body["status"]) == (200, "degraded")
        assert world.status("redis")["reason"]
        assert world.program.health("live")[0] == 200

        # The queue is in SQL: whoever starts anew has it.
        assert world.program.stop() == 0
        waiting = world.stores.value(WAITING)
        assert waiting >= 10
        world.program.start()
        assert world.status("redis")["status"] == "degraded"
        await lucia.ask("/help")
        assert world.stores.value(WAITING) > waiting

        await world.restore("redis")
        world.until_well()
        verify(world.stores)
        assert world.incidents("redis")[0] == ("store_lost", "redis")
        wait_until(lambda: world.incidents("redis")[-1] == ("store_restored", "redis"))
    assert world.program.logged("loop.paused")
    assert world.program.logged("store.restored")[-1]["downtime_s"] > 0
