"""When the old bot's users had registered there, and what of that counts here."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.features.legacy.house import ANA, BEA, LONG_AGO, House, old_user
from tests.features.subscriptions.till import charge
from tests.features.users.storage.world import ana
from yabot.clock import utc_now
from yabot.features.subscriptions.payments import PaymentService
from yabot.log.unit_of_work import UnitOfWork

DAY = timedelta(days=1)


async def was_paid_here(house: House, user_id: str, paid_at: datetime) -> bool:
    paid = replace(charge(1, user_id=user_id), paid_at=paid_at)
    database = house.world.services.database
    payments = PaymentService(database, house.world.users, house.subscriptions)
    return await payments.was_paid_here(paid)


async def test_what_was_paid_before_they_were_brought_was_paid_elsewhere(house: House) -> None:
    await house.merge(old_user(registered_at=LONG_AGO))
    assert not await was_paid_here(house, ANA, LONG_AGO + DAY)
    assert not await was_paid_here(house, ANA, utc_now() - 2 * DAY)
    assert await was_paid_here(house, ANA, utc_now())


async def test_who_was_here_before_has_paid_here_before(house: House) -> None:
    telegram = ana(username=None).model_copy(update={"id": int(BEA)})
    await house.world.register("start", telegram)
    user = await house.world.known(BEA)

    async def long_ago(work: UnitOfWork) -> None:
        house.world.users.update_profile(work, user, {"registration_date": LONG_AGO})

    await house.decide(long_ago)
    await house.merge(old_user(BEA, registered_at=LONG_AGO))
    assert await was_paid_here(house, BEA, LONG_AGO + DAY)


async def test_nobody_has_registered_on_a_day_to_come(house: House) -> None:
    await house.merge(old_user(registered_at=utc_now() + 400 * DAY))
    registered = (await house.world.known(ANA)).profile.registration_date
    assert registered <= utc_now()
    assert await was_paid_here(house, ANA, utc_now())
