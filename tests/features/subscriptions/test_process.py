"""Notices, the end by deadline, and held payments: the workflows, step by step, on a set clock."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.features.hearing import said_to
from tests.features.subscriptions.till import DAY, Till, charge
from tests.features.subscriptions.turning import Turning
from tests.storage.dumps import rows_of
from yabot.coordinator.tables import workflows
from yabot.features.subscriptions.plans import PERIOD, PLANS
from yabot.features.subscriptions.tables import payments, subscriptions
from yabot.log.tables import audit_log, outgoing

pytestmark = pytest.mark.criterion("3.1.5")


@pytest.fixture
def turning(till: Till) -> Turning:
    return Turning(till)


async def deadlines(till: Till) -> list[datetime | None]:
    return [row["deadline"] for row in await rows_of(till.database, workflows)]


async def ended(till: Till) -> bool:
    return {row["state"] for row in await rows_of(till.database, workflows)} == {"finished"}


async def notices(till: Till) -> list[str]:
    """The first word of each: ⏳ before the end, 🔒 after it."""
    return [each.text.split()[0] for each in await said_to(till.database, "7")]


async def test_a_term_is_announced_and_ends(till: Till, turning: Turning) -> None:
    await till.join()
    begun = till.clock.now
    await till.pay(charge(1))
    await turning.hear()
    assert await deadlines(till) == [begun + PERIOD - 3 * DAY]
    await turning.pass_time(PERIOD - 3 * DAY)
    assert await notices(till) == ["⏳"]
    assert await deadlines(till) == [begun + PERIOD]
    assert await till.subscriptions.opens_vip("7")
    await turning.pass_time(3 * DAY)
    assert await notices(till) == ["⏳", "🔒"]
    assert [row["status"] for row in await rows_of(till.database, subscriptions)] == ["expired"]
    await turning.hear()
    assert await ended(till)
    assert await deadlines(till) == [None]


async def test_more_time_puts_notice_and_end_off(till: Till, turning: Turning) -> None:
    await till.join()
    await till.pay(charge(1))
    await turning.hear()
    await turning.pass_time(PERIOD - 2 * DAY)
    await till.pay(charge(2))
    # The deadline comes before the event of the purchase: it asks what is so by now.
    await turning.pass_time(3 * DAY)
    await turning.hear()
    assert await notices(till) == ["⏳"]
    await turning.pass_time(PERIOD - 3 * DAY)
    assert await notices(till) == ["⏳", "⏳"]
    await turning.pass_time(3 * DAY)
    assert await notices(till) == ["⏳", "⏳", "🔒"]
    assert await ended(till)


async def test_an_event_that_comes_late_announces_nothing_twice(
    till: Till, turning: Turning
) -> None:
    await till.join()
    await till.pay(charge(1))
    await turning.hear()
    await till.pay(charge(2))
    await turning.pass_time(2 * PERIOD - DAY)
    await turning.hear()
    assert await notices(till) == ["⏳"]


async def test_who_cancelled_hears_of_the_end_only(till: Till, turning: Turning) -> None:
    await till.join()
    await till.pay(charge(1))
    await till.cancel()
    await turning.hear()
    await turning.pass_time(PERIOD - DAY)
    assert await notices(till) == []
    await turning.pass_time(DAY)
    assert await notices(till) == ["🔒"]


async def test_a_refund_ends_the_workflow_without_a_notice(till: Till, turning: Turning) -> None:
    await till.join()
    await till.pay(charge(1))
    await turning.hear()
    await till.give_back(charge(1))
    await turning.hear()
    assert await ended(till)
    await turning.pass_time(DAY)
    await till.pay(charge(2))
    await turning.hear()
    assert [row["state"] for row in await rows_of(till.database, workflows)] == [
        "finished",
        "running",
    ]
    assert await notices(till) == []


async def test_whoever_is_forgotten_hears_of_no_end(till: Till, turning: Turning) -> None:
    await till.join()
    await till.pay(charge(1))
    await turning.hear()
    await till.world.delete()
    await turning.pass_time(PERIOD)
    assert await notices(till) == []
    assert await rows_of(till.database, workflows) == []


@pytest.mark.criterion("3.1.4")
@pytest.mark.parametrize("mended", [True, False], ids=["mended in time", "for good"])
async def test_a_charge_that_cannot_be_activated_is_tried_again_or_given_back(
    till: Till, turning: Turning, mended: bool
) -> None:
    """Somebody has been given a subscription for ever: there is no time after it."""
    await till.join()
    await till.pay(charge(1))
    await set_end(till, datetime.max.replace(tzinfo=till.clock.now.tzinfo))
    assert await till.pay(charge(2)) == "held"
    assert await till.pay(charge(2)) == "known"
    await turning.hear()
    assert await states(till) == ["activated", "paid"]
    if mended:
        await set_end(till, till.clock.now + PERIOD)
    await turning.pass_time(timedelta(minutes=1))
    if mended:
        assert await states(till) == ["activated", "activated"]
        (row,) = await rows_of(till.database, subscriptions)
        assert row["end_date"] - till.clock.now == 2 * PERIOD - timedelta(minutes=1)
        assert await notices(till) == ["⭐"]
        return
    assert await states(till) == ["activated", "refunding"]
    assert [row["state"] for row in await held(till)] == ["failed"]
    asked = [row["method"] for row in await rows_of(till.database, outgoing)]
    assert asked.count("refundStarPayment") == 1
    kinds = {row["kind"] for row in await rows_of(till.database, audit_log)}
    assert {"compensation", "refund"} <= kinds
    await till.give_back(charge(2))
    assert await states(till) == ["activated", "refunded"]


async def states(till: Till) -> list[str]:
    return [row["state"] for row in await rows_of(till.database, payments)]


async def held(till: Till) -> list[dict[str, Any]]:
    rows = await rows_of(till.database, workflows)
    return [row for row in rows if row["kind"] == "held_payment"]


async def set_end(till: Till, moment: datetime) -> None:
    statement = update(subscriptions).values(end_date=moment)
    await till.database.write(lambda connection: connection.execute(statement) and None)


async def test_a_term_shorter_than_the_notice_only_ends(till: Till, turning: Turning) -> None:
    await till.join()
    await till.commit(lambda work: till.subscriptions.give(work, "7", PLANS["vip"], 2 * DAY))
    await turning.hear()
    assert await notices(till) == []
    assert await deadlines(till) == [till.clock.now + 2 * DAY]
    await turning.pass_time(2 * DAY)
    assert await notices(till) == ["🔒"]
    assert await ended(till)


async def test_a_term_that_is_over_before_anybody_hears_of_it_ends(
    till: Till, turning: Turning
) -> None:
    await till.join()
    await till.pay(charge(1))
    till.clock.now += PERIOD
    await turning.hear()
    assert await notices(till) == ["🔒"]
    assert [row["status"] for row in await rows_of(till.database, subscriptions)] == ["expired"]
    await turning.hear()
    assert await ended(till)
