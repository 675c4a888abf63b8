"""The VIP door in the running program: whether it is open is asked again by the commit."""

import pytest

from tests.e2e.kill_points import KillPoint
from tests.e2e.player import Player, data_of
from tests.e2e.reader import readers, said_by_bot
from tests.e2e.route import STORY
from tests.features.subscriptions.shop import BEFORE_THE_COMMIT, Shop, buy
from tests.waiting import wait_until


@pytest.mark.criterion("3.1.2")
async def test_a_subscription_that_ends_before_the_commit_opens_nothing(shop: Shop) -> None:
    async with readers(shop.telegram_url, "Nadia") as (reader,):
        player = Player(shop.stores, reader)
        await player.begin()
        await player.to("green_door")
        (door,) = [choice for choice in player.walk.open_choices() if player.walk.is_shut(choice)]
        way_in = data_of(player.walk.fragment, door)
        await buy(reader)
        (inside,) = await reader.press(way_in)
        assert inside["text"].startswith(STORY.fragments["winter_garden"].title["es"])

        shop.program.arm(BEFORE_THE_COMMIT)
        said = len(await reader.answers())
        await reader.send("/story")
        wait_until(lambda: KillPoint.is_waited_at(shop.program.kill_file))
        shop.stores.change("UPDATE subscriptions SET status = 'expired'")
        KillPoint.disarm(shop.program.kill_file)
        chat = await reader.until(lambda chat: len(said_by_bot(chat)) > said)
        assert "Esta puerta está cerrada" in said_by_bot(chat)[said]["text"]
