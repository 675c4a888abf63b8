"""Why a reader cannot go on is said as it is."""

from tests.features.harness import Harness, HarnessReader
from yabot.features.narrative.state import PROGRESS
from yabot.features.subscriptions.plans import PLANS
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.users.service import UserService
from yabot.log.unit_of_work import UnitOfWork


async def in_the_hall(harness: Harness) -> HarnessReader:
    ana = await harness.join()
    await ana.say("/story")
    await ana.press("c:gate:enter")
    return ana


async def test_a_choice_that_the_page_has_not_any_more(harness: Harness) -> None:
    ana = await in_the_hall(harness)
    (said,) = await ana.press("c:hall:climb")
    assert said.startswith("This page has changed since I showed it to you")
    (said,) = await ana.press("c:gate:enter")
    assert said.startswith("That page is already behind you")


async def test_a_page_that_has_another_name_by_now(harness: Harness) -> None:
    ana = await in_the_hall(harness)

    async def stand_in_the_old_gate(work: UnitOfWork) -> None:
        user, stand = await ana.user(), {"current_fragment": "old_gate"}
        await harness.services[UserService].change_part(
            work, user, PROGRESS, lambda progress: progress.model_copy(update=stand)
        )

    await harness.commit(stand_in_the_old_gate)
    (said,) = await ana.press("c:old_gate:enter")
    assert said.startswith("This page has changed since I showed it to you")
    assert await ana.press("story") == ["<b>The gate</b>\n\nShut."]
    (hall,) = await ana.press("c:gate:enter")
    assert hall.startswith("<b>The hall</b>")


async def test_a_page_whose_door_has_shut_since_is_kept(harness: Harness) -> None:
    ana = await in_the_hall(harness)
    (said,) = await ana.press("c:hall:down")
    assert "The other doors of the page are still open" in said

    async def subscribe(work: UnitOfWork) -> None:
        service = harness.services[SubscriptionService]
        await service.activate(work, ana.user_id, PLANS["vip"])

    await harness.commit(subscribe)
    assert await ana.press("c:hall:down") == ["<b>The cellar</b>\n\nDark."]
    harness.pass_time(days=31)
    calls = await ana.touch("story")
    assert [each.method for each in calls] == ["answerCallbackQuery", "sendMessage"]
    assert "Behind it is your page" in calls[1].payload
