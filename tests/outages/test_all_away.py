"""Every store away at once: it answers what it can, stops when told, and catches up afterwards."""

import pytest

from tests.e2e.invariants import settle, verify
from tests.e2e.player import Player
from tests.e2e.program import STOP_SECONDS
from tests.e2e.reader import readers
from tests.outages.world import Component, Way, World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until

ALL: tuple[Component, ...] = ("mongodb", "redis", "sql")
HANDLED = "SELECT count(*) FROM updates WHERE state = 'done'"


def lose_all(world: World, way: Way) -> None:
    for component in ALL:
        world.lose(component, way)


async def restore_all(world: World) -> None:
    for component in ALL:
        await world.restore(component)


def stopped_by_ctrl_c(world: World) -> None:
    world.program.interrupt_group()
    assert world.program.exit_code() == 0
    assert world.program.stopped_in < STOP_SECONDS
    assert "Traceback" not in world.program.errors
    assert world.program.sentences == []


@pytest.mark.criterion("1.1.5", "5.1.5")
async def test_ctrl_c_ends_it_while_every_store_is_away(new_world: NewWorld) -> None:
    world = new_world(postgres=True)
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        player = Player(world.stores, lucia)
        await player.begin()
        settle(world.stores)
        # In the middle of work, before anybody can have noticed.
        lose_all(world, "frozen")
        await lucia.touch("c:letter:look")
        stopped_by_ctrl_c(world)

        # Nor can it be kept from starting, from answering, and from ending then.
        world.program.launch()
        world.program.wait_started()
        assert world.program.health("ready")[0] == 503
        assert world.program.health("live")[0] == 200
        (closed,) = await lucia.ask("/menu")
        assert "cerrado" in closed["text"]
        stopped_by_ctrl_c(world)

        await restore_all(world)
        world.program.start()
        world.until_well()
        await lucia.until(lambda chat: "c:envelope:keep" in str(chat))
        verify(world.stores)
        player.journal.skip_to_end()
        player.walk.take(player.walk.to_any_of({"envelope"})[0])
        await player.to("street")
    assert world.program.stop() == 0


@pytest.mark.criterion("1.1.5", "5.1.5")
async def test_slow_stores_are_waited_for_and_broken_connections_made_again(
    new_world: NewWorld,
) -> None:
    world = new_world(postgres=True)
    world.program.start()
    async with readers(world.program.url, "Lucía") as (lucia,):
        player = Player(world.stores, lucia)
        await player.begin()
        for place in world.places.values():
            place.proxy.delay(0.01)
        await player.to("envelope")
        assert world.program.health("live")[0] == 200
        world.until_well()
        for place in world.places.values():
            place.proxy.mend()
            place.proxy.cut()
        handled = world.stores.value(HANDLED)
        await lucia.ask("/help")
        # Where it was answered from memory, Telegram brings it once more.
        wait_until(lambda: world.stores.value(HANDLED) > handled)
        world.until_well()
        verify(world.stores)
        player.journal.skip_to_end()
        await player.to("street")
    assert world.program.stop() == 0


@pytest.mark.criterion("1.1.2", "2.1.2", "2.1.3", "5.1.5")
async def test_it_starts_without_any_store_and_uses_each_as_it_comes(new_world: NewWorld) -> None:
    world = new_world(postgres=True)
    lose_all(world, "killed")
    world.program.launch()
    world.program.wait_started()
    async with readers(world.program.url, "Lucía", "Nico") as (lucia, nico):
        (closed,) = await lucia.ask("/start")
        assert "cerrado" in closed["text"]

        await world.restore("sql")
        wait_until(lambda: world.status("sql")["status"] == "ok")
        (welcome,) = await nico.ask("/start")
        assert "Hola, Nico." in welcome["text"]
        assert "cerrado" not in welcome["text"]
        assert world.status("mongodb")["status"] == "degraded"
        assert world.status("redis")["status"] == "degraded"

        await world.restore("mongodb")
        await world.restore("redis")
        world.until_well()
        (page,) = await nico.ask("/story")
        assert "c:letter:look" in str(page)
        verify(world.stores)
    wait_until(lambda: all(map(world.told_in_turn, ALL)))
    assert world.program.stop() == 0
