"""However many presents somebody is given, they hear of them once a minute at most."""

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from tests.features.besitos.ledger import Ledger
from tests.features.hearing import said_to
from tests.storage.dumps import rows_of
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.clock import set_ahead, utc_now
from yabot.features.besitos.gift_notices import QUIET, GiftNotices, Untold
from yabot.features.besitos.tables import gift_notices
from yabot.features.users.notices import Notices
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import UnitOfWork

LUCIA, MAR = "7", "8"


class Given:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        services = ledger.world.services
        services.texts = build_texts(FEATURES)
        self.notices = GiftNotices(services.commits, Notices(ledger.world.users, services.texts))

    async def give(self, amount: int) -> None:
        giver = await self.ledger.world.known(LUCIA)

        async def tell(work: UnitOfWork) -> None:
            await self.notices.tell(work, giver.profile, MAR, amount)

        await self.ledger.commit(tell)

    async def minute_is_over(self) -> None:
        await self.told_at(utc_now() - 2 * QUIET)

    async def told_at(self, moment: datetime) -> None:
        """As if all had been told then."""
        change = update(gift_notices).values(told_at=moment)
        await self.ledger.database.write(lambda connection: connection.execute(change) and None)

    async def heard(self) -> list[str]:
        return [each.text for each in await said_to(self.ledger.database, MAR)]


@pytest.fixture
async def given(ledger: Ledger) -> Given:
    await ledger.join(LUCIA, MAR)
    return Given(ledger)


async def test_the_first_is_told_at_once_and_the_others_together(given: Given) -> None:
    for amount in (4, 5, 3, 4):
        await given.give(amount)
    await given.notices.tell_the_rest()
    assert len(await given.heard()) == 1
    await given.minute_is_over()
    await given.notices.tell_the_rest()
    await given.notices.tell_the_rest()
    first, together = await given.heard()
    assert first.startswith("💋 Ana te regala <b>4 besitos</b>.")
    assert together.startswith("💋 Te han hecho 3 regalos más, <b>12 besitos</b> en total.")


async def test_only_one_of_many_at_once_is_told_at_once(given: Given) -> None:
    await asyncio.gather(*(given.give(1) for _ in range(10)))
    assert len(await given.heard()) == 1
    await given.minute_is_over()
    await given.notices.tell_the_rest()
    assert "9 regalos más, <b>9 besitos</b> en total" in (await given.heard())[-1]


async def test_a_single_one_that_followed_is_told_as_one(given: Given) -> None:
    await given.give(4)
    await given.give(1)
    await given.minute_is_over()
    await given.notices.tell_the_rest()
    assert "otro regalo: <b>1 besito</b>." in (await given.heard())[-1]


async def test_after_a_quiet_minute_it_begins_anew(given: Given) -> None:
    await given.give(4)
    await given.minute_is_over()
    await given.give(5)
    assert len(await given.heard()) == 2
    await given.minute_is_over()
    await given.notices.tell_the_rest()
    assert await rows_of(given.ledger.database, gift_notices) == []


async def test_who_is_forgotten_leaves_none(given: Given) -> None:
    await given.give(4)
    await given.give(5)
    await given.ledger.leave(MAR)
    assert await rows_of(given.ledger.database, gift_notices) == []


async def test_a_clock_that_was_ahead_silences_nobody(given: Given) -> None:
    await given.give(4)
    await given.give(5)
    await given.told_at(utc_now() + timedelta(days=30))
    await given.notices.tell_the_rest()
    assert len(await given.heard()) == 2
    await given.told_at(utc_now() + timedelta(days=30))
    await given.give(3)
    assert len(await given.heard()) == 3


class Restless(GiftNotices):
    """Comes to each reader more than a minute later, who is given something more at once."""

    def __init__(self, commits: CommitLog, notices: Notices, given: Given) -> None:
        super().__init__(commits, notices)
        self._given = given

    async def _tell_together(self, due: Untold) -> None:
        set_ahead(2 * QUIET)
        await super()._tell_together(due)
        await self._given.give(6)


async def test_a_pass_that_takes_minutes_tells_nobody_twice(given: Given) -> None:
    """Whoever was told late in it was told by a clock that was ahead of its beginning."""
    await given.give(4)
    await given.give(5)
    await given.minute_is_over()
    world = given.ledger.world
    notices = Notices(world.users, world.services.texts)
    try:
        await Restless(world.services.commits, notices, given).tell_the_rest()
        assert len(await given.heard()) == 2
    finally:
        set_ahead(timedelta())
