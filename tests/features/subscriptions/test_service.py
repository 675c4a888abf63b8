"""Charges and subscriptions in SQL: once each, however they race."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from tests.features.subscriptions.till import DAY, Till, charge
from tests.storage.dumps import Rows, events_of, rows_of
from yabot.features.subscriptions.charges import REFUND
from yabot.features.subscriptions.plans import PERIOD, Charge
from yabot.features.subscriptions.service import FREE
from yabot.features.subscriptions.tables import payments, subscriptions
from yabot.features.subscriptions.terms import Term
from yabot.features.users.tables import user_profiles
from yabot.log.tables import audit_log, outbox, outgoing
from yabot.log.unit_of_work import UnitOfWork

LEFT = "charges_left"


async def statuses(till: Till) -> list[str]:
    return [row["status"] for row in await rows_of(till.database, subscriptions)]


async def states(till: Till) -> list[str]:
    return [row["state"] for row in await rows_of(till.database, payments)]


async def refunds_asked(till: Till) -> Rows:
    rows = await rows_of(till.database, outgoing)
    return [row for row in rows if row["method"] == "refundStarPayment"]


@pytest.mark.criterion("2.2.3")
async def test_a_charge_is_honoured_once_however_often_it_is_told(till: Till) -> None:
    await till.join()
    settled = await asyncio.gather(*(till.pay(charge(1)) for _ in range(6)))
    assert sum(isinstance(each, Term) for each in settled) == 1
    (row,) = await rows_of(till.database, subscriptions)
    assert row["end_date"] - row["start_date"] == PERIOD
    assert await states(till) == ["activated"]
    told = [row["event_type"] for row in await events_of(till.database, "7")]
    assert told.count("subscription_updated") == 1


async def test_charges_that_race_each_count(till: Till) -> None:
    await till.join()
    await asyncio.gather(*(till.pay(charge(number)) for number in range(6)))
    (row,) = await rows_of(till.database, subscriptions)
    assert row["end_date"] - row["start_date"] == 6 * PERIOD


async def test_a_charge_that_races_a_deletion_is_honoured_or_given_back(till: Till) -> None:
    for number in range(8):
        user_id = str(100 + number)
        await till.join(user_id)
        await asyncio.gather(
            till.pay(charge(number, user_id=user_id)),
            till.world.delete(f"forget {number}", user_id),
        )
    assert await rows_of(till.database, user_profiles) == []
    assert await rows_of(till.database, subscriptions) == []
    ended = await states(till)
    assert len(ended) == 8
    assert set(ended) <= {"activated", "refunding"}
    assert len(await refunds_asked(till)) == ended.count("refunding")


@pytest.mark.criterion("3.1.4")
@pytest.mark.parametrize(
    "unknown",
    [charge(1, stars=249), charge(1, user_id="8"), charge(1, plan="premium", stars=250)],
    ids=["another price", "nobody", "another plan's price"],
)
async def test_a_charge_that_cannot_be_honoured_is_given_back(till: Till, unknown: Charge) -> None:
    await till.join()
    assert await till.pay(unknown) == "refunding"
    assert await till.pay(unknown) == "known"
    (asked,) = await refunds_asked(till)
    assert '"telegram_payment_charge_id":"stx1"' in asked["payload"]
    assert await statuses(till) == []
    assert await till.give_back(unknown) is None
    assert await till.give_back(unknown) == "known"
    assert await states(till) == ["refunded"]


async def test_being_forgotten_does_not_stop_a_refund(till: Till) -> None:
    await till.join()
    await till.pay(charge(1, stars=1))
    await till.world.delete()
    (asked,) = await refunds_asked(till)
    assert asked["state"] == "waiting"
    assert "stx1" in asked["payload"]


async def test_a_refund_takes_back_what_its_charge_bought(till: Till) -> None:
    await till.join()
    first, second = charge(1), charge(2)
    await till.pay(first)
    await till.pay(second)
    lost = await till.give_back(first)
    assert isinstance(lost, Term)
    assert lost.status == "active"
    assert lost.end_date - lost.start_date == PERIOD
    assert await till.subscriptions.opens_vip("7")
    lost = await till.give_back(second)
    assert isinstance(lost, Term)
    assert lost.status == "expired"
    assert not await till.subscriptions.opens_vip("7")


async def test_a_refund_of_a_time_long_past_leaves_the_present_one(till: Till) -> None:
    await till.join()
    await till.pay(charge(1))
    till.clock.now += PERIOD + DAY
    await till.pay(charge(2))
    assert await statuses(till) == ["expired", "active"]
    assert await till.give_back(charge(1)) is None
    assert await till.subscriptions.opens_vip("7")


async def test_a_refund_finds_its_term_also_if_that_began_by_a_clock_that_was_ahead(
    till: Till,
) -> None:
    await till.join()
    till.clock.now += DAY
    begun = till.clock.now
    await till.pay(charge(1))
    till.clock.now -= DAY
    await till.pay(charge(2))
    lost = await till.give_back(charge(2))
    assert isinstance(lost, Term)
    assert (lost.status, lost.end_date) == ("active", begun + PERIOD)


async def test_asking_for_a_refund_ends_access_before_telegram_answers(till: Till) -> None:
    await till.join()
    await till.pay(charge(1))
    await till.commit(lambda work: till.payments.refund(work, "stx1", "asked for"))
    assert not await till.subscriptions.opens_vip("7")
    assert await states(till) == ["refunding"]
    assert len(await refunds_asked(till)) == 1
    assert await till.give_back(charge(1)) is None
    assert await states(till) == ["refunded"]
    again = await till.commit(lambda work: till.payments.refund(work, "stx1", "asked for"))
    assert again is None
    assert len(await refunds_asked(till)) == 1


async def test_only_what_has_reached_its_end_expires(till: Till) -> None:
    await till.join()
    await till.pay(charge(1))
    till.clock.now += PERIOD - DAY
    await till.pay(charge(2))
    till.clock.now += 2 * DAY
    assert await till.expire() is None
    assert await statuses(till) == ["active"]
    till.clock.now += PERIOD
    assert not await till.subscriptions.opens_vip("7")
    assert await till.cancel() is None
    ended = await till.expire()
    assert ended is not None
    assert ended.status == "expired"
    assert await till.expire() is None
    assert await statuses(till) == ["expired"]


async def test_a_free_subscription_makes_room(till: Till) -> None:
    await till.join()
    now = till.clock()
    row = {"user_id": "7", "plan_type": "free", "status": "active", "start_date": now}
    await till.database.write(
        lambda connection: (
            connection.execute(insert(subscriptions), row | {"created_at": now, "updated_at": now})
            and None
        )
    )
    await till.pay(charge(1))
    assert await statuses(till) == ["inactive", "active"]
    assert (await till.subscriptions.current("7")).plan_type == "vip"
    assert await till.subscriptions.current("8") == FREE


async def test_access_that_ends_before_the_commit_fails_its_guard(till: Till) -> None:
    await till.join()
    await till.pay(charge(1))
    tries = 0

    async def enter(work: UnitOfWork) -> bool:
        nonlocal tries
        tries += 1
        if not await till.subscriptions.opens_vip("7"):
            return False
        till.subscriptions.guard_vip(work, "7")
        till.clock.now += PERIOD + timedelta(seconds=1)
        return True

    assert await till.commit(enter) is False
    assert tries == 2


async def test_a_refund_that_is_asked_for_again_is_audited_once(till: Till) -> None:
    await till.join()
    await till.pay(charge(1))
    for _ in range(3):
        await till.commit(lambda work: till.payments.refund(work, "stx1", "again"))
    assert len(await refunds_asked(till)) == 3
    kinds = [row["kind"] for row in await rows_of(till.database, audit_log)]
    assert kinds.count(REFUND) == 1


async def test_what_only_the_list_tells_of_may_have_been_paid_elsewhere(till: Till) -> None:
    """To another bot with our token, or where another database was in this one's place."""
    await till.join()
    now = till.clock.now

    async def was_paid_here(**values: Any) -> bool:
        charged = replace(charge(1), **{"paid_at": now, **values})
        return await till.payments.was_paid_here(charged)

    assert await was_paid_here()
    assert await was_paid_here(payload="subscription:gold:7"), "on sale no more"
    for payload in ("vip_30_days", "", "subscription:monthly", "subscription:vip:7:2024-05"):
        assert not await was_paid_here(payload=payload), payload
    assert not await was_paid_here(payload="subscription:vip:70"), "somebody else's"
    assert await was_paid_here(paid_at=now - 0.9 * DAY), "clocks differ"
    assert not await was_paid_here(paid_at=now - 1.1 * DAY), "before they came"
    assert not await was_paid_here(user_id="8", payload="subscription:vip:8"), "never seen here"


async def test_who_was_forgotten_has_paid_here_of_late(till: Till) -> None:
    await till.join()
    await till.world.delete()

    async def was_paid_here(ago: timedelta) -> bool:
        return await till.payments.was_paid_here(replace(charge(1), paid_at=till.clock.now - ago))

    assert await was_paid_here(PERIOD - DAY)
    assert not await was_paid_here(PERIOD + DAY), "they have had it"


async def test_what_was_left_is_honoured_when_its_message_comes_and_given_back_when_asked(
    till: Till,
) -> None:
    await till.join()
    found = [charge(number) for number in (1, 2, 3)]
    await till.commit(lambda work: till.payments.leave(work, found))
    assert await states(till) == ["left"] * 3
    assert isinstance(await till.pay(charge(1)), Term)
    await till.commit(lambda work: till.payments.refund(work, "stx2", "asked for"))
    assert await till.commit(lambda work: till.payments.note_refund(work, charge(3))) == "known"
    assert await states(till) == ["activated", "refunding", "refunded"]
    assert len(await refunds_asked(till)) == 1


async def test_what_was_left_is_told_once(till: Till) -> None:
    found = [charge(1), charge(2)]
    for _ in range(2):
        await till.commit(lambda work: till.payments.leave(work, found))
    told = [row for row in await rows_of(till.database, outbox) if row["event_type"] == LEFT]
    assert len(told) == 1
    assert json.loads(told[0]["envelope"])["payload"] == {"charges": 2}
