"""Whatever is bought, changed, cancelled, refunded and waited for: it is as the model says."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.features.subscriptions.model import (
    PRICES,
    SECOND,
    Action,
    Buy,
    Cancel,
    Deadline,
    Model,
    Pass,
    Refund,
    TellAgain,
    plans,
)
from tests.features.subscriptions.till import Till, charge, opened_till
from tests.storage.dumps import events_of, rows_of
from tests.storage.fixtures import fresh_copy
from tests.tiers import examples
from yabot.features.subscriptions.plans import PLANS
from yabot.features.subscriptions.tables import payments

# SQL and events keep microseconds; each change may round once.
ROUNDING = timedelta(microseconds=50)


@pytest.mark.standard
@settings(max_examples=examples(60))
@given(plan=plans)
@pytest.mark.criterion("2.2.3")
async def test_subscriptions_are_as_the_model_says(
    migrated_sqlite: Path, plan: list[Action]
) -> None:
    async with fresh_copy(migrated_sqlite) as database, opened_till(database) as till:
        await till.join()
        model = Model(till.clock.now)
        for action in plan:
            till.clock.now += SECOND
            model.wait(SECOND)
            await perform(till, model.charges, action)
            model.act(action)
            await assert_as(till, model)
        assert await told(till) == model.told
        states = {row["telegram_payment_charge_id"]: row["state"] for row in await charges(till)}
        assert states == {
            f"stx{number}": "refunded" if number in model.refunded else "activated"
            for number in range(len(model.charges))
        }


def test_the_model_knows_the_prices() -> None:
    assert {name: plan.stars for name, plan in PLANS.items()} == PRICES


async def perform(till: Till, paid: list[str], action: Action) -> None:
    match action:
        case Buy(plan):
            await till.pay(charge(len(paid), plan))
        case TellAgain(number) if paid:
            number %= len(paid)
            assert await till.pay(charge(number, paid[number])) == "known"
        case Refund(number) if paid:
            number %= len(paid)
            await till.give_back(charge(number, paid[number]))
        case Cancel():
            await till.cancel()
        case Deadline():
            await till.expire()
        case Pass(hours):
            till.clock.now += timedelta(hours=hours)


async def assert_as(till: Till, model: Model) -> None:
    assert till.clock.now == model.now
    assert await till.subscriptions.opens_vip("7") == model.opens
    term = await till.subscriptions.running("7")
    assert (term is not None) == model.opens
    if term is not None:
        assert (term.plan_type, term.status) == (model.plan, model.status)
        assert abs(term.end_date - model.end) < ROUNDING


async def told(till: Till) -> list[tuple[str, str]]:
    events = [json.loads(row["envelope"]) for row in await events_of(till.database, "7")]
    updates = [e["payload"] for e in events if e["event_type"] == "subscription_updated"]
    return [(each["plan_type"], each["status"]) for each in updates]


async def charges(till: Till) -> list[dict[str, object]]:
    return await rows_of(till.database, payments)
