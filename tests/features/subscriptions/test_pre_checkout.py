"""Who is about to pay hears within five seconds, whatever else is going on."""

import pytest

from tests.e2e.kill_points import KillPoint
from tests.e2e.reader import readers
from tests.features.subscriptions.shop import BEFORE_THE_COMMIT, Json, invoice, pay
from tests.outages.world import Way, World
from tests.outages.worlds import NewWorld
from tests.waiting import wait_until
from yabot.bot.pre_checkout import DECIDE_WITHIN, TELL_WITHIN

FIVE_SECONDS = 5.0


def test_what_is_decided_and_told_in_time_takes_no_longer_than_is_allowed() -> None:
    assert DECIDE_WITHIN + TELL_WITHIN <= FIVE_SECONDS


def waiting(world: World, kind: str) -> int:
    query = "SELECT count(*) AS n FROM updates WHERE state = 'waiting' AND payload LIKE ?"
    return int(world.stores.value(query, f'%"{kind}"%'))


@pytest.mark.criterion("2.2.3")
async def test_a_checkout_does_not_wait_for_its_readers_lane(new_world: NewWorld) -> None:
    world = new_world()
    world.program.start()
    async with readers(world.program.url, "Lucía") as (reader,):
        await reader.ask("/start")
        await reader.ask("/story")
        message_id = await invoice(reader)
        world.program.arm(BEFORE_THE_COMMIT)
        await reader.send("/story")
        wait_until(lambda: KillPoint.is_waited_at(world.program.kill_file))
        world.lose("mongodb", "frozen")
        await pay(reader, message_id)
        assert not any("¡Gracias!" in m.get("text", "") for m in await reader.answers())
        KillPoint.disarm(world.program.kill_file)
        await reader.until(lambda chat: "¡Gracias!" in chat[-1].get("text", ""))
        wait_until(lambda: waiting(world, "pre_checkout_query") == 0)
        assert [e["payload"]["status"] for e in bought(world, reader.user_id)] == ["active"]


@pytest.mark.parametrize("way", ["frozen", "refused"])
async def test_a_checkout_without_sql_is_refused_in_time(new_world: NewWorld, way: Way) -> None:
    """And once: what Telegram delivers again when SQL is back has been answered."""
    world = new_world(postgres=True)
    world.program.start()
    async with readers(world.program.url, "Mara") as (reader,):
        await reader.ask("/start")
        message_id = await invoice(reader)
        world.lose("sql", way)
        outcome = await reader.client.pay(reader.user_id, message_id)
        assert outcome["outcome"] == "refused"
        assert "no se te ha cobrado nada" in outcome["message"]
        # It was decided once, and told within the program's own bounds: else it would say so.
        (undecided,) = world.program.logged("pre_checkout.undecided")
        # A frozen SQL is given up by the checkout's own bound, or by that on a rested connection.
        assert way == "frozen" or "TimeoutError" not in undecided["reason"]
        # The watch may take longer to say so than the checkout; it would not be well yet.
        world.until_noticed("sql")
        await world.restore("sql")
        world.until_well()
        wait_until(lambda: checkouts(world, reader.user_id) == ["unavailable"])
        assert waiting(world, "pre_checkout_query") == 0
        assert world.program.logged("pre_checkout.not_told") == []
        await pay(reader, message_id)


def bought(world: World, user_id: int) -> list[Json]:
    events = world.stores.outbox(user_id)
    return [event for event in events if event["event_type"] == "subscription_updated"]


def checkouts(world: World, user_id: int) -> list[str]:
    """How each checkout ended, but those that were accepted."""
    ended = [
        event["payload"]
        for event in world.stores.outbox(user_id)
        if event["event_type"] == "operation_completed"
    ]
    return [end["outcome"] for end in ended if end["outcome"] != "ok"]
