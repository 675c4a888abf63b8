"""MongoDB away: the shop is back in a moment, and nobody has paid for anything."""

import pytest

from tests.e2e.invariants import verify
from tests.e2e.reader import buttons
from tests.features.shop.counter import Customer
from tests.outages.worlds import NewWorld
from yabot.playground.client import PlaygroundClient

LATER = "Ahora mismo no llego a tus páginas"


@pytest.mark.criterion("1.1.5", "3.1.3")
async def test_nothing_is_debited_and_the_button_works_afterwards(new_world: NewWorld) -> None:
    world = new_world()
    world.program.start()
    async with PlaygroundClient(world.program.url) as client:
        lucia = await Customer.new(world.stores, client, 10)
        yes = await lucia.wants("boat")
        world.lose("mongodb", "killed")
        world.until_noticed("mongodb")

        for act in (lucia.reader.ask("/shop"), lucia.reader.press(yes)):
            (told,) = await act
            assert LATER in told["text"]
            assert lucia.outcomes()[-1] == ("unavailable", "store_unavailable")
        assert lucia.balance() == 10
        assert lucia.payments() == []
        (asked,) = await lucia.reader.ask("/forget")
        assert "forget:yes" in buttons(asked)

        await world.restore("mongodb")
        world.until_well()
        (said,) = await lucia.reader.press(yes)
        assert "Te quedan 7 besitos" in said["text"]
        assert lucia.inventory() == {"boat": 1}
        verify(world.stores)
    assert world.program.stop() == 0
