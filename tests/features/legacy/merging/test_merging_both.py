"""Users who live on both sides: what either has done counts once; half a user is refused."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from tests.features.legacy.house import (
    ANA,
    BEA,
    NEXT_YEARS,
    CountingReads,
    House,
    new_house,
    old_user,
)
from tests.features.legacy.old_bot import old_users
from tests.storage.dumps import rows_of
from yabot.clock import utc_now
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.features.legacy.merging.rules import differing
from yabot.features.legacy.record import Record
from yabot.features.legacy.sources.profile import interpret
from yabot.features.legacy.tables import legacy_users
from yabot.features.subscriptions.plans import PLANS
from yabot.features.users.forgotten import ForgottenList
from yabot.features.users.states import StateLost
from yabot.log.tables import user_counters
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

VIP = PLANS["vip"]


@pytest.mark.criterion("5.4.2")
async def test_all_that_an_old_file_has_comes_back_as_it_was(house: House) -> None:
    """Also what is imperfect, as it was repaired."""
    entries = (
        interpret(key, json.dumps(value)) for key, value in old_users(250, seed=1, imperfect=0.5)
    )
    records = [found for found in entries if isinstance(found, Record)]
    assert len(records) > 200
    await house.merge(*(record.user for record in records))
    assert await house.audits() == []
    for record in records:
        here = await house.ours(record.user.user_id)
        assert differing(here, record.user) == (), record.user
    wanted = sum(record.user.kisses for record in records)
    assert await house.total() == wanted


async def test_what_is_earned_and_spent_on_both_sides_counts_once(house: House) -> None:
    await house.merge(old_user(kisses=100))
    await house.award(ANA, 7)
    await house.spend(ANA, 20)
    (merged,) = await house.merge(old_user(kisses=130, inventory=("rosa",)))
    assert (merged.outcome, merged.besitos, merged.conflicts) == ("merged", 30, ())
    assert await house.balance() == 117
    (merged,) = await house.merge(old_user(kisses=90))
    assert (merged.besitos, await house.balance()) == (-40, 77)
    assert await house.owned() == {}
    # Here they have spent what they spend there once more.
    await house.spend(ANA, 70)
    (merged,) = await house.merge(old_user(kisses=50))
    assert (merged.besitos, merged.conflicts) == (-7, ("kisses",))
    assert await house.balance() == 0
    assert await house.audits() == []


async def test_who_is_here_already_is_merged_and_never_overwritten(house: House) -> None:
    await house.world.register()
    before = (await house.world.known()).profile
    await house.award(ANA, 4)
    theirs = old_user(first_name="Anita", kisses=10, inventory=("rosa",), fragment="salon")
    (merged,) = await house.merge(theirs)
    assert (merged.outcome, merged.besitos) == ("merged", 10)
    assert (await house.world.known()).profile == before
    assert await house.balance() == 14
    assert await house.owned() == {"rosa": 1}
    (row,) = await rows_of(house.world.services.database, legacy_users)
    assert (row["origin"], bool(row["waits"])) == ("merged", True)
    assert await house.audits() == []


async def test_a_subscription_follows_what_was_changed_last(house: House) -> None:
    vip: dict[str, Any] = {"role": "vip", "vip_until": NEXT_YEARS}
    await house.merge(old_user(**vip))

    async def cancel(work: UnitOfWork) -> None:
        await house.subscriptions.cancel(work, ANA)

    await house.world.decide("cancel", cancel)
    await house.merge(old_user(kisses=1, **vip))
    current = await house.subscriptions.current(ANA)
    assert (current.status, current.end_date) == ("cancelled", NEXT_YEARS)
    later = {**vip, "vip_until": NEXT_YEARS + timedelta(days=30)}
    await house.merge(old_user(kisses=1, **later))
    current = await house.subscriptions.current(ANA)
    assert (current.status, current.end_date) == ("active", later["vip_until"])
    # Given back here: the old side, which says nothing new, does not bring it back.
    await house.end_subscription(ANA)
    await house.merge(old_user(kisses=2, **later))
    assert not await house.subscriptions.opens_vip(ANA)
    # Taken away there.
    await house.merge(old_user(BEA, **vip))
    taken = old_user(BEA, kisses=3)
    await house.merge(taken)
    await house.catch_up()
    assert not await house.subscriptions.opens_vip(BEA)
    assert differing(await house.ours(BEA), taken) == ()
    assert await house.audits() == []


async def test_more_time_on_both_sides_is_the_later_end(house: House) -> None:
    soon = NEXT_YEARS.replace(year=2027)
    await house.merge(old_user())

    async def give(work: UnitOfWork) -> None:
        await house.subscriptions.give(work, ANA, VIP, timedelta(days=2000))

    await house.world.decide("give", give)
    ours = (await house.subscriptions.current(ANA)).end_date
    (merged,) = await house.merge(old_user(role="premium", vip_until=soon))
    assert merged.conflicts == ("role",)
    assert (await house.subscriptions.current(ANA)).end_date == ours


async def test_who_was_forgotten_stays_so(house: House, tmp_path: Path) -> None:
    await house.merge(old_user(kisses=9))
    await house.world.delete()
    (merged,) = await house.merge(old_user(kisses=9))
    assert merged.outcome == "forgotten"
    assert await house.world.users.find(ANA) is None
    assert await rows_of(house.world.services.database, legacy_users) == []
    # Databases made anew do not know it, and the list does.
    house.world.users.forgotten = ForgottenList(tmp_path)
    await house.world.users.forgotten.note(BEA, utc_now())
    (merged,) = await house.merge(old_user(BEA))
    assert merged.outcome == "forgotten"
    assert await house.audits() == []


async def test_half_a_user_is_refused_and_stays_as_they_are(house: House) -> None:
    await house.world.register()
    await house.catch_up()
    database = house.world.services.database

    async def state_of(record: Record) -> None:
        work = UnitOfWork(Cause("test", "half", "half"))
        seen = await house.merger.look([ANA])
        await house.merger.merge(work, seen[ANA], record)

    await house.world.services.documents["users"].delete_many({})
    with pytest.raises(StateLost):
        await state_of(Record(old_user(kisses=3)))
    await database.write(lambda connection: connection.execute(delete(user_counters)) and None)
    with pytest.raises(StateLost):
        await state_of(Record(old_user(kisses=3)))
    assert await house.balance() == 0


async def test_of_two_merges_at_once_one_decides_again(house: House) -> None:
    await house.merge(old_user(kisses=10))
    merged = await asyncio.gather(*(house.merge(old_user(kisses=15)) for _ in range(4)))
    assert sorted(each.outcome for (each,) in merged) == ["merged", *["unchanged"] * 3]
    assert await house.balance() == 15
    imported = await asyncio.gather(*(house.merge(old_user(BEA, kisses=5)) for _ in range(4)))
    assert sorted(each.outcome for (each,) in imported) == ["imported", *["unchanged"] * 3]
    assert await house.audits() == []


async def test_a_merge_does_not_commit_over_what_happened_meanwhile(house: House) -> None:
    await house.merge(old_user(kisses=10))
    work = UnitOfWork(Cause("test", "late", "late"))
    seen = (await house.merger.look([ANA]))[ANA]
    await house.merger.merge(work, seen, Record(old_user(kisses=4)))
    await house.spend(ANA, 1)
    with pytest.raises(GuardFailed):
        await house.world.services.commits.commit(work)
    assert await house.balance() == 9


async def test_what_was_written_and_not_noted_is_no_difference(house: House) -> None:
    """Killed between the file and SQL: what stands there says of which write it comes."""
    await house.merge(old_user(kisses=10))
    await house.award(ANA, 5)
    await house.writes(old_user(kisses=15), mark=0)
    (merged,) = await house.merge(old_user(kisses=18), marks=1)
    assert (merged.besitos, await house.balance()) == (3, 18)
    (row,) = await rows_of(house.world.services.database, legacy_users)
    assert (row["mark"], row["writing"]) == (1, None)


async def test_a_chunk_of_new_users_needs_one_read(
    sqlite_database: Database, documents: DocumentStore
) -> None:
    counting = CountingReads(sqlite_database)
    house = new_house(counting, documents)
    await house.merge(old_user("1"))
    counting.reads = 0
    await house.merge(*(old_user(str(n), kisses=n, role="vip") for n in range(2, 150)))
    assert counting.reads == 1


@pytest.mark.standard
async def test_without_mongodb_a_merge_waits(
    sqlite_database: Database, unreachable: DocumentStore
) -> None:
    house = new_house(sqlite_database, unreachable)
    with pytest.raises(StoreUnavailable, match="MongoDB"):
        await house.merge(old_user(kisses=7, inventory=("rosa",)))
    assert await rows_of(sqlite_database, legacy_users) == []
