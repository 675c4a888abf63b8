"""What the import alone has brought goes again, and nothing else does."""

from pathlib import Path

import pytest

from tests.features.legacy.house import ANA, BEA, NEXT_YEARS, House, old_user
from tests.storage.dumps import rows_of
from yabot.features.besitos.model import MIGRATION
from yabot.features.besitos.tables import postings
from yabot.features.legacy.ending.taking_away import Taken, TakingAway
from yabot.features.legacy.merging.merger import Merged
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.tables import legacy_users, legacy_waiting
from yabot.log.tables import outgoing
from yabot.log.unit_of_work import UnitOfWork

THEY = (
    old_user(ANA, kisses=120, role="vip", vip_until=NEXT_YEARS, inventory=("rosa",)),
    old_user(BEA, first_name="Bea", kisses=7),
)


async def in_phase(house: House) -> tuple[Migrations, Migration]:
    migrations = Migrations(house.world.services.database)

    async def begin(work: UnitOfWork) -> None:
        await migrations.begin(work, "json", Path("/db.json"), Path("/copy"))

    await house.world.decide("begin", begin)
    current = await migrations.current()
    assert current is not None
    return migrations, current


async def take_away(house: House) -> Taken:
    migrations, migration = await in_phase(house)
    taking = TakingAway(house.world.services, migrations, house.merger)
    return await taking.run(migration, lambda _: None)


async def in_ledger(house: House, account: str) -> int:
    rows = await rows_of(house.world.services.database, postings)
    return sum(row["amount"] for row in rows if row["account_id"] == account)


async def test_who_has_done_nothing_is_not_here_any_more(house: House) -> None:
    await house.merge(*THEY)
    assert await take_away(house) == Taken(users=2, besitos=127)
    assert await house.world.users.find(ANA) is None
    assert await in_ledger(house, MIGRATION) == 0
    assert await house.audits() == []
    rows = await rows_of(house.world.services.database, legacy_users)
    assert [(row["user_id"], row["base"], row["writing"]) for row in rows] == [
        (ANA, None, None),
        (BEA, None, None),
    ]
    # Nothing is to go from the old store, and nobody hears of it.
    assert await rows_of(house.world.services.database, legacy_waiting) == []
    assert await rows_of(house.world.services.database, outgoing) == []


async def test_who_has_come_since_stays_with_all_they_have(house: House) -> None:
    await house.merge(*THEY)
    await house.world.prefer("choose", "en")
    assert await take_away(house) == Taken(users=1, besitos=7)
    assert await house.balance() == 120
    assert await house.audits() == []


async def test_who_was_here_before_stays(house: House) -> None:
    await house.world.register()
    await house.merge(*THEY)
    assert await take_away(house) == Taken(users=1, besitos=7)
    assert await house.balance() == 120


async def test_they_can_be_brought_again_and_taken_away_again(house: House) -> None:
    await house.merge(*THEY)
    await take_away(house)
    assert await house.merge(*THEY) == [Merged("imported", 120), Merged("imported", 7)]
    assert (await house.balance(), await house.balance(BEA)) == (120, 7)
    assert await house.audits() == []
    taken = await take_away(house)
    assert taken == Taken(users=2, besitos=127)
    assert await in_ledger(house, MIGRATION) == 0


async def test_even_one_who_has_nothing_is_brought_again(house: House) -> None:
    nobody = old_user(BEA)
    await house.merge(nobody)
    await take_away(house)
    assert await house.merge(nobody) == [Merged("imported")]
    assert await house.world.users.find(BEA) is not None


async def test_who_is_forgotten_after_that_stays_forgotten(house: House) -> None:
    await house.merge(*THEY)
    await take_away(house)
    await house.world.register("back")
    await house.world.delete()
    assert (await house.merge(*THEY))[0] == Merged("forgotten")


async def test_a_second_time_there_is_nobody_left(house: House) -> None:
    await house.merge(*THEY)
    await take_away(house)
    assert await take_away(house) == Taken()


@pytest.mark.parametrize("users", [250])
async def test_many_go_in_several_commits(sqlite_house: House, users: int) -> None:
    await sqlite_house.merge(*(old_user(str(100 + n), kisses=n) for n in range(users)))
    assert await take_away(sqlite_house) == Taken(users, sum(range(users)))
