"""MongoDB away: what needs no document goes on, story steps wait, and nothing is replayed."""

from functools import partial

import pytest

from tests.api.running import service_of
from tests.e2e.invariants import settle, verify
from tests.e2e.player import Player, scenes
from tests.e2e.reader import Reader, readers
from tests.outages.world import Json, Way, World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until

LATER = "Ahora mismo no llego a tus páginas"


def completed(world: World, reader: Reader) -> Json:
    """How the reader's last operation ended. What follows from a reaction may come behind it."""
    events = world.stores.outbox(reader.user_id)
    ended = [event["payload"] for event in events if event["event_type"] == "operation_completed"]
    return dict(ended[-1])


async def what_needs_no_document_goes_on(world: World, reader: Reader, newcomer: Reader) -> None:
    (welcome,) = await newcomer.ask("/start")
    assert "Hola" in welcome["text"]
    for command in ("/start", "/help", "/menu", "/privacy", "/no_such_command", "a few words"):
        (answer,) = await reader.ask(command)
        assert LATER not in answer["text"]
        assert completed(world, reader)["outcome"] in {"ok", "rejected"}
    scene = scenes(await reader.chat())[-1]
    await reader.client.react(reader.user_id, scene["message_id"], "❤")


async def who_is_not_remembered_is_answered(world: World, reader: Reader) -> None:
    """Neither this process nor SQL has their document: what they prefer cannot be known."""
    assert world.program.stop() == 0
    world.program.launch()
    world.program.wait_started()
    (answer,) = await reader.ask("/help")
    assert LATER not in answer["text"]
    assert completed(world, reader)["outcome"] == "ok"


async def a_subscription_is_told_from_sql(world: World, reader: Reader) -> None:
    async with service_of(world.program) as service:
        found = await service.get(f"/user/{reader.user_id}/subscription")
        assert (found.status, found.body["plan_type"]) == (200, "free")


async def story_steps_wait(world: World, reader: Reader) -> None:
    before = world.stores.value(
        "SELECT state_version FROM user_counters WHERE user_id = ?", str(reader.user_id)
    )
    for act in (partial(reader.ask, "/story"), partial(reader.press, "c:envelope:keep")):
        (answer,) = await act()
        assert LATER in answer["text"]
        ended = completed(world, reader)
        assert (ended["outcome"], ended["error_code"]) == ("unavailable", "store_unavailable")
    after = world.stores.value(
        "SELECT state_version FROM user_counters WHERE user_id = ?", str(reader.user_id)
    )
    assert after == before


@pytest.mark.criterion("1.1.5", "5.1.5")
@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_without_mongodb_only_the_story_waits(new_world: NewWorld, way: Way) -> None:
    world = new_world()
    world.program.start()
    async with readers(world.program.url, "Lucía", "Nico", "Rita") as (lucia, nico, rita):
        player = Player(world.stores, lucia)
        await player.begin()
        await player.to("envelope")
        await rita.ask("/start")
        settle(world.stores)
        world.lose("mongodb", way)
        world.until_noticed("mongodb")

        await what_needs_no_document_goes_on(world, lucia, nico)
        await story_steps_wait(world, lucia)
        await a_subscription_is_told_from_sql(world, nico)
        await who_is_not_remembered_is_answered(world, rita)
        status, body = world.program.health("ready")
        assert (status, body["status"]) == (200, "degraded")
        assert set(world.status("mongodb")) == {"status", "since"}
        assert world.program.health("live")[0] == 200

        await world.restore("mongodb")
        world.until_well()
        verify(world.stores)
        reactions = [
            event
            for event in world.stores.stream(lucia.user_id)
            if event["event_type"] == "reaction_detected"
        ]
        assert len(reactions) == 1
        # It is told a moment after health shows it.
        wait_until(lambda: ("store_restored", "mongodb") in world.incidents())
        # The step that was not taken is not replayed: the reader takes it now.
        document = world.stores.document(lucia.user_id)
        assert document is not None
        assert document["current_state"]["narrative_progress"]["current_fragment"] == "envelope"
        player.journal.skip_to_end()
        await lucia.ask("/story")
        player.journal.told("user_interaction")
        await player.to("street")
        verify(world.stores)
    assert world.program.stop() == 0
