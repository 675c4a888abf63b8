"""MongoDB away: besitos are counted and given all the same."""

import pytest

from tests.e2e.invariants import verify
from tests.e2e.reader import buttons, readers
from tests.features.besitos.beside import grant
from tests.outages.worlds import NewWorld


@pytest.mark.criterion("1.1.5", "3.1.3")
async def test_besitos_need_no_document(new_world: NewWorld) -> None:
    world = new_world()
    world.program.start()
    async with readers(world.program.url, "Lucía", "Nico") as (lucia, nico):
        for reader in (lucia, nico):
            await reader.ask("/start")
        # Too few to unlock a hint, which would come when MongoDB is back, at any moment.
        await grant(world.stores, lucia.user_id, 4)
        world.lose("mongodb", "killed")
        world.until_noticed("mongodb")

        (question,) = await lucia.ask(f"/gift {nico.user_id} 2")
        (given,) = await lucia.press(buttons(question)[0])
        assert "Te quedan 2" in given["text"]
        await nico.until(lambda chat: "Lucía te regala 2 besitos" in chat[-1]["text"])
        (told,) = await nico.ask("/balance")
        assert "Tienes 2 besitos" in told["text"]

        await world.restore("mongodb")
        world.until_well()
        verify(world.stores)
    assert world.program.stop() == 0
