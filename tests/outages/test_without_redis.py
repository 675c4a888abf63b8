"""Redis away: readers notice nothing; events wait in the outbox, also across restarts."""

import pytest

from tests.e2e.invariants import verify
from tests.e2e.player import Player
from tests.e2e.reader import Reader, readers
from tests.outages.world import Way, World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until

WAITING = "SELECT count(*) FROM outbox JOIN partitions USING (partition) WHERE pos > published_pos"


def attempts_logged(world: World) -> set[int]:
    return {line["attempt"] for line in world.program.logged("publish.failed")}


def failures_counted(world: World) -> float:
    """What whoever watches the program reads in its metrics."""
    lines = world.program.metrics().splitlines()
    (line,) = [line for line in lines if line.startswith("yabot_event_publish_failures_total ")]
    return float(line.split()[1])


def paused(world: World) -> int:
    return sum(line["loop"] == "relay" for line in world.program.logged("loop.paused"))


async def lose_while_events_are_sent(world: World, way: Way, reader: Reader) -> None:
    """Where the relay is just comparing the streams with the log, that is what fails, and it does
    not try to send anything: then it is lost once more."""
    for _ in range(5):
        await lose_with_a_message(world, way, reader)
        if attempts_logged(world):
            return
        await world.restore("redis")
        world.until_well()


async def lose_with_a_message(world: World, way: Way, reader: Reader) -> None:
    before = paused(world)
    world.lose("redis", way)
    await reader.ask("/help")
    wait_until(lambda: paused(world) > before)


@pytest.mark.criterion("1.1.5", "2.1.2", "2.1.3", "2.2.5", "5.1.5", "5.3.5")
@pytest.mark.parametrize("way", ["killed", "unreachable"])
async def test_without_redis_events_wait_and_nothing_else_does(
    new_world: NewWorld, way: Way
) -> None:
    world = new_world()
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        player = Player(world.stores, lucia)
        await player.begin()
        await lose_while_events_are_sent(world, way, lucia)
        await lucia.press("c:letter:look")
        await lucia.press("c:envelope:keep", answers=2)
        (answer,) = await lucia.ask("/menu")
        assert "story:again" in str(answer)
        world.until_noticed("redis")
        status, body = world.program.health("ready")
        assert (status, body["status"]) == (200, "degraded")
        assert set(world.status("redis")) == {"status", "since"}
        assert world.program.health("live")[0] == 200
        wait_until(lambda: attempts_logged(world) == {1, 2, 3})
        assert failures_counted(world) >= 3

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
    restored = world.program.logged("store.restored")[-1]
    assert (restored["level"], restored["downtime_s"] > 0) == ("info", True)
