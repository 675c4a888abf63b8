"""A store that is away holds the rewards up, and costs nobody anything."""

import pytest

from tests.e2e.invariants import verify
from tests.e2e.reader import readers
from tests.features.besitos.beside import grant
from tests.features.rewards.chain import ASKED_FOR, HINT, Chain, announces_hint, ledger_is_sound
from tests.outages.world import Component
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until

LETTERS = "SELECT count(*) FROM dead_letters"


@pytest.mark.criterion("1.1.5", "3.2.2", "3.2.3")
@pytest.mark.parametrize("component", ["mongodb", "redis"])
async def test_the_hint_comes_once_when_the_store_is_back(
    new_world: NewWorld, component: Component
) -> None:
    world = new_world()
    world.program.start()
    async with readers(world.program.url, "Lucía") as (reader,):
        chain = Chain(world.stores, reader)
        await reader.ask("/story")
        await grant(world.stores, reader.user_id, ASKED_FOR - 1)
        wait_until(lambda: chain.balance() == ASKED_FOR - 1)
        world.lose(component, "killed")
        world.until_noticed(component)

        await reader.press("r:letter:❤", answers=0)
        if component == "redis":
            # The log is read instead.
            await reader.until(lambda chat: any(map(announces_hint, chat)))
        else:
            wait_until(lambda: bool(chain.events("reaction_detected")))
            assert chain.events("narrative_hint_unlocked") == []
        await world.restore(component)
        world.until_well()
        chat = await reader.until(lambda chat: any(map(announces_hint, chat)))
        assert sum(map(announces_hint, chat)) == 1
        verify(world.stores)
        assert chain.rewards() == ["letter"]
        assert chain.hints() == [HINT.id]
        assert chain.linked()
        assert world.stores.value(LETTERS) == 0
        assert await ledger_is_sound(world.stores)
    assert world.program.stop() == 0
