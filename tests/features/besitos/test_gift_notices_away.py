"""While MongoDB cannot say who wants no notices, nobody gets one unasked."""

from dataclasses import dataclass

import pytest
from sqlalchemy import update

from tests.features.hearing import said_to
from tests.features.users.storage.world import World, ana, new_world
from tests.log.following import following, nothing_waits
from tests.waiting import until
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.clock import utc_now
from yabot.errors import StoreUnavailable
from yabot.features.besitos.gift_notices import QUIET, GiftNotices
from yabot.features.besitos.tables import gift_notices
from yabot.features.users.notices import Notices
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

LUCIA, MAR = "7", "8"


@dataclass(frozen=True)
class Process:
    """One that has not seen their documents yet."""

    world: World

    @classmethod
    def of(cls, database: Database, documents: DocumentStore) -> "Process":
        return cls(new_world(database, documents, build_texts(FEATURES)))

    @property
    def notices(self) -> Notices:
        return Notices(self.world.users, self.world.services.texts)

    @property
    def of_gifts(self) -> GiftNotices:
        return GiftNotices(self.world.services.commits, self.notices)

    async def give(self, cause: str, amount: int) -> None:
        giver = await self.world.known(LUCIA)

        async def tell(work: UnitOfWork) -> None:
            await self.of_gifts.tell(work, giver.profile, MAR, amount)

        await self.world.decide(cause, tell)

    async def switch_off(self) -> None:
        async def switch(work: UnitOfWork) -> None:
            user = await self.world.known(MAR)
            await self.world.users.state(user)
            self.world.users.update_preferences(work, user, {"notifications_enabled": False})

        await self.world.decide("off", switch)

    async def minute_is_over(self) -> None:
        change = update(gift_notices).values(told_at=utc_now() - 2 * QUIET)
        database = self.world.services.database
        await database.write(lambda connection: connection.execute(change) and None)

    async def heard(self) -> list[str]:
        return [each.text for each in await said_to(self.world.services.database, MAR)]


@pytest.fixture
async def there(sqlite_database: Database, documents: DocumentStore) -> Process:
    process = Process.of(sqlite_database, documents)
    async with following(process.world.services.commits, documents):
        for user_id in (LUCIA, MAR):
            await process.world.register(user_id, ana(id=user_id))
        await until(nothing_waits(sqlite_database))
    return process


@pytest.fixture
def cut_off(there: Process, sqlite_database: Database, unreachable: DocumentStore) -> Process:
    return Process.of(sqlite_database, unreachable)


async def test_presents_are_counted_and_told_together_when_it_is_back(
    there: Process, cut_off: Process
) -> None:
    await cut_off.give("first", 4)
    await cut_off.give("second", 5)
    await cut_off.minute_is_over()
    with pytest.raises(StoreUnavailable, match="MongoDB"):
        await cut_off.of_gifts.tell_the_rest()
    assert await there.heard() == []
    await there.of_gifts.tell_the_rest()
    (together,) = await there.heard()
    assert "2 regalos" in together
    assert "9 besitos" in together


async def test_who_has_switched_them_off_hears_nothing(
    there: Process,
    cut_off: Process,
    sqlite_database: Database,
    documents: DocumentStore,
) -> None:
    async with following(there.world.services.commits, documents):
        await there.switch_off()
        await until(nothing_waits(sqlite_database))
    await cut_off.give("first", 4)
    await cut_off.minute_is_over()
    await there.of_gifts.tell_the_rest()
    assert await there.heard() == []


async def test_what_was_asked_for_is_said_all_the_same(there: Process, cut_off: Process) -> None:
    async def answer(work: UnitOfWork) -> None:
        await cut_off.notices.tell(work, MAR, lambda _t: "yes", asked_for=True)

    await cut_off.world.decide("answer", answer)
    assert await there.heard() == ["yes"]


async def test_a_choice_that_is_lost_for_good_holds_nobody_up(
    there: Process, documents: DocumentStore, sqlite_database: Database
) -> None:
    await documents["users"].delete_one({"_id": MAR})
    later = Process.of(sqlite_database, documents)
    await later.give("first", 4)
    await later.of_gifts.tell_the_rest()
    assert await there.heard() == []


async def test_a_choice_that_only_a_newer_version_can_read_is_waited_for(
    there: Process, documents: DocumentStore, sqlite_database: Database
) -> None:
    newer = {"of_a_newer_version": 1}
    await documents["users"].update_one(
        {"_id": MAR}, {"$set": newer}, bypass_document_validation=True
    )
    older = Process.of(sqlite_database, documents)
    await older.give("first", 4)
    await older.minute_is_over()
    await older.of_gifts.tell_the_rest()
    assert await there.heard() == []
    await older.minute_is_over()
    # This process has seen the state before.
    await there.of_gifts.tell_the_rest()
    (told,) = await there.heard()
    assert "4 besitos" in told
