"""The old bot's two functions over the new stores."""

import asyncio
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.features.legacy.house import ANA, NEXT_YEARS, House, new_house, old_user
from tests.features.legacy.old_bot import (
    FIRST_ID,
    OldBot,
    new_profile,
    write_old_store,
)
from tests.features.legacy.side_by_side.both import Both
from tests.storage.failing_writes import FailingWrites
from tests.storage.losing_answers import LosingAnswers
from yabot.errors import InvalidInput, StoreUnavailable
from yabot.features.legacy.access.functions import Access
from yabot.features.legacy.access.marks import taken_off
from yabot.features.legacy.events import Phase
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

FULL = old_user(
    first_name="Ana 🌹",
    username="ana_lee",
    kisses=120,
    role="vip",
    vip_until=NEXT_YEARS,
    inventory=("rosa", "Carta de Lucien", "rosa"),
    achievements=("first_kiss", "diez días"),
    fragment="capítulo 3",
    choices={"intro": "abrir", "capítulo 3": "irse"},
    unplaced={"last_daily_claim": "2026-10-31T08:15:02.123456", "mood": "contenta"},
)
# Threads of the old bot that save at the same moment.
WRITERS = 8
PROFILE = new_profile(int(ANA)) | {
    "username": "ana_lee",
    "first_name": "Ana 🌹",
    "kisses": 120,
    "inventory": ["Carta de Lucien", "rosa", "rosa"],
    "achievements": ["diez días", "first_kiss"],
    "role": "vip",
    "vip_expiry": "2031-05-02T10:00:00",
    "last_daily_claim": "2026-10-31T08:15:02.123456",
    "current_narrative_fragment": "capítulo 3",
    "narrative_choices": {"intro": "abrir", "capítulo 3": "irse"},
    "mood": "contenta",
}


def plain(profile: dict[str, Any]) -> dict[str, Any]:
    """Without its mark, and its lists in order."""
    found = taken_off(profile)[0]
    return found | {name: sorted(found[name]) for name in ("inventory", "achievements")}


@pytest.fixture
def access(house: House) -> Access:
    return Access(house.world.services)


async def test_a_reader_of_here_is_given_as_the_old_bot_knows_them(
    house: House, access: Access
) -> None:
    await house.merge(FULL)
    told = await house.told()
    assert plain(await access.get(int(ANA))) == PROFILE
    assert plain(await access.get(ANA)) == PROFILE
    assert await house.told() == told


async def test_somebody_new_begins_as_in_the_old_bot(house: House, access: Access) -> None:
    assert plain(await access.get(7)) == new_profile(7)
    assert plain(await access.get(7)) == new_profile(7)
    assert await house.balance() == 5
    assert (await house.told()).count("user_registered") == 1
    assert await house.audits() == []


async def test_what_is_saved_is_here(house: House, access: Access) -> None:
    profile = await access.get(7)
    profile |= {name: value for name, value in PROFILE.items() if name != "metadata"}
    await access.save(profile)
    assert plain(await access.get(7)) == PROFILE
    assert await house.balance() == 120
    assert await house.subscriptions.opens_vip(ANA)
    assert await house.audits() == []


@pytest.mark.criterion("5.4.3")
async def test_two_who_were_given_the_same_lose_nothing(house: House, access: Access) -> None:
    await house.merge(FULL)
    other = Access(house.world.services)
    one, two = await access.get(7), await other.get(7)
    one["kisses"] += 7
    one["inventory"].remove("rosa")
    one["narrative_choices"]["cap1"] = "esperar"
    one["metadata"]["visits"] = 1
    two["kisses"] -= 20
    two["inventory"].append("llave")
    two["achievements"].append("Paciente")
    two["last_daily_claim"] = "2026-11-28T10:00:00"
    two["metadata"]["source"] = "tiktok"
    await asyncio.gather(access.save(one), other.save(two))
    assert plain(await access.get(7)) == plain(
        PROFILE
        | {
            "kisses": 107,
            "inventory": ["Carta de Lucien", "llave", "rosa"],
            "achievements": ["Paciente", "diez días", "first_kiss"],
            "narrative_choices": {**PROFILE["narrative_choices"], "cap1": "esperar"},
            "last_daily_claim": "2026-11-28T10:00:00",
            "metadata": {"visits": 1, "source": "tiktok"},
        }
    )
    assert await house.audits() == []


async def test_a_profile_may_be_changed_and_saved_again(house: House, access: Access) -> None:
    profile = await access.get(7)
    for _ in range(3):
        profile["kisses"] += 10
        await access.save(profile)
    assert await house.balance() == 35


async def test_copies_of_a_profile_are_one_writer_s(house: House, access: Access) -> None:
    """Their marks are not renewed: what was saved last is known all the same."""
    profile = await access.get(7)
    for _ in range(3):
        profile["kisses"] += 10
        await access.save(deepcopy(profile))
    assert await house.balance() == 35


async def test_a_profile_comes_back_by_another_process(house: House, access: Access) -> None:
    profile = json.loads(json.dumps(await access.get(7)))
    late = deepcopy(profile)
    profile["kisses"] += 10
    await access.save(profile)
    late["kisses"] += 1
    await Access(house.world.services).save(late)
    assert await house.balance() == 16


@pytest.mark.criterion("5.4.3")
async def test_the_same_save_again_is_taken_once(house: House, access: Access) -> None:
    """As after an answer that got lost, in whichever process."""
    profile = await access.get(7)
    profile["kisses"] += 10
    again = deepcopy(profile)
    await access.save(profile)
    await Access(house.world.services).save(again)
    assert await house.balance() == 15


@pytest.mark.parametrize("is_marked", [True, False])
@pytest.mark.parametrize("has_happened", [True, False])
@pytest.mark.parametrize("more", [0, 4])
async def test_a_save_of_which_nobody_knows_is_followed_by_what_is_more(
    sqlite_database: Database,
    documents: DocumentStore,
    is_marked: bool,
    has_happened: bool,
    more: int,
) -> None:
    """The same once more, or what has been changed since: the bot goes on with its profile."""
    failing = FailingWrites(sqlite_database)
    losing = LosingAnswers(failing)
    house = new_house(losing, documents)
    access = Access(house.world.services)
    profile = await access.get(7)
    if not is_marked:
        profile["metadata"] = {}
    profile["kisses"] += 10
    if has_happened:
        losing.losing = True
    else:
        failing.fail()
    with pytest.raises(StoreUnavailable):
        await access.save(profile)
    assert await house.balance() == (15 if has_happened else 5)
    profile["kisses"] += more
    await access.save(profile)
    assert await house.balance() == 15 + more
    profile["kisses"] += 1
    await access.save(profile)
    assert await house.balance() == 16 + more


async def test_a_profile_that_lost_its_mark_is_a_change_of_what_was_given_last(
    house: House, access: Access
) -> None:
    profile = await access.get(7)
    profile["metadata"] = {"source": "tiktok"}
    profile["kisses"] += 10
    other = Access(house.world.services)
    theirs = await other.get(7)
    theirs["kisses"] += 3
    await other.save(theirs)
    await access.save(profile)
    assert await house.balance() == 18
    assert (await access.get(7))["metadata"]["source"] == "tiktok"


async def test_what_is_changed_in_place_is_held_against_what_it_was(
    sqlite_house: House,
) -> None:
    """Also in a list of a profile that lost its mark, which says nothing of what was given."""
    access = Access(sqlite_house.world.services)
    profile = await access.get(7)
    profile["metadata"] = {}
    for things in (["rosa"], ["rosa", "carta"]):
        profile["inventory"].append(things[-1])
        await access.save(profile)
        assert sorted((await access.get(7))["inventory"]) == sorted(things)


async def test_a_profile_that_was_never_given_is_meant_as_it_stands(
    house: House, access: Access
) -> None:
    await house.merge(FULL)
    await access.save({"telegram_id": 7, "kisses": 3, "inventory": []})
    assert plain(await access.get(7)) == PROFILE | {"kisses": 3, "inventory": []}


async def test_somebody_new_may_be_saved_without_being_asked_for(
    house: House, access: Access
) -> None:
    await access.save(PROFILE)
    assert plain(await access.get(7)) == PROFILE
    assert await house.balance() == 120


@pytest.mark.parametrize("telegram_id", [0, -5, "ana", None, True, 7.0, 2**60])
async def test_what_is_no_id_is_refused(telegram_id: object, sqlite_house: House) -> None:
    access = Access(sqlite_house.world.services)
    with pytest.raises(InvalidInput, match="telegram_id must be"):
        await access.get(telegram_id)
    with pytest.raises(InvalidInput, match="telegram_id must be"):
        await access.save(new_profile(7) | {"telegram_id": telegram_id})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"kisses": "muchos"}, "kisses cannot be read"),
        ({"kisses": -1}, "kisses is less than nothing"),
        ({"kisses": 10**13}, "kisses is more than anybody can have"),
        ({"role": "moderator"}, "role is none that there is"),
        ({"vip_expiry": "mañana"}, "vip_expiry cannot be read"),
        ({"inventory": 7}, "inventory cannot be read"),
        ({"last_daily_claim": {1, 2}}, "it holds what JSON does not have"),
    ],
)
async def test_what_nobody_can_have_meant_is_refused_and_nothing_is_taken(
    values: dict[str, object], reason: str, sqlite_house: House
) -> None:
    access = Access(sqlite_house.world.services)
    profile = await access.get(7)
    with pytest.raises(InvalidInput, match=f"^the profile of user 7 cannot be saved: {reason}$"):
        await access.save(profile | {"first_name": "Ana"} | values)
    assert plain(await access.get(7)) == new_profile(7)


async def test_what_is_no_profile_is_refused(sqlite_house: House) -> None:
    access = Access(sqlite_house.world.services)
    with pytest.raises(InvalidInput, match="must be a dictionary"):
        await access.save([7])  # type: ignore[arg-type]


async def test_what_the_old_bot_could_not_have_meant_either_may_stay(
    house: House, access: Access
) -> None:
    await house.merge(old_user(kisses=5, unplaced={"kisses": "muchos", "vip_expiry": "mañana"}))
    profile = await access.get(7)
    assert plain(profile) == new_profile(7)
    profile["kisses"] += 1
    await access.save(profile)
    assert await house.balance() == 6
    assert (await house.kept()).fields == {"kisses": "muchos", "vip_expiry": "mañana"}


async def test_who_was_forgotten_does_not_come_back_by_what_was_given_before(
    house: House, access: Access
) -> None:
    await house.merge(FULL)
    profile = await access.get(7)
    await house.world.delete()
    profile["kisses"] += 1
    await access.save(profile)
    await access.save(PROFILE)
    assert await house.world.users.find(ANA) is None


async def test_who_was_forgotten_comes_back_by_what_they_do(house: House, access: Access) -> None:
    await house.merge(FULL)
    await house.world.delete()
    profile = await access.get(7)
    assert plain(profile) == new_profile(7) | {"kisses": 0}
    assert await house.world.users.find(ANA) is None
    profile["kisses"] += 2
    await access.save(profile)
    assert plain(await access.get(7)) == new_profile(7) | {"kisses": 2}
    assert await house.audits() == []


@pytest.mark.criterion("5.4.3")
async def test_whom_only_the_old_store_has_comes_with_what_they_have_there(both: Both) -> None:
    write_old_store(both.old.path, users=3)
    Snapshot.take(JsonFile(), both.old.path, both.dual.first_touch.folder).close()
    access = Access(both.house.world.services)
    for key, profile in both.there().items():
        given = await access.get(key)
        assert plain(given) == plain(profile)
        given["kisses"] += 1
        await access.save(given)
        assert await both.has(int(key)) == profile["kisses"] + 1
    assert await both.house.audits() == []


@pytest.mark.criterion("5.4.3")
async def test_beside_an_old_bot_at_its_file_all_see_the_same(both: Both) -> None:
    """One old bot has changed its import, another one has not, and readers come here."""
    access = Access(both.house.world.services)
    both.earns_there(7, 20)
    await both.round()
    profile = await access.get(7)
    assert plain(profile) == new_profile(7) | {"kisses": 25}
    profile["kisses"] += 3
    profile["narrative_choices"]["intro"] = "abrir"
    await access.save(profile)
    both.earns_there(7, 2)
    await both.earns(7, 10)
    assert plain(await access.get(8)) == new_profile(8)
    await both.rounds()
    expected = new_profile(7) | {"kisses": 40, "narrative_choices": {"intro": "abrir"}}
    assert plain(both.old.get_user_profile(7)) == plain(await access.get(7)) == expected
    assert plain(both.old.get_user_profile(8)) == new_profile(8)
    assert await both.house.audits() == []


async def test_behind_a_roll_back_the_old_file_is_read_and_written_again(
    sqlite_house: House, tmp_path: Path
) -> None:
    access, bot = Access(sqlite_house.world.services), OldBot(tmp_path / "db.json")
    write_old_store(bot.path, users=3)
    before = await access.get(7)
    bot.save_user_profile(new_profile(7) | {"inventory": ["rosa"]})
    await roll_back(sqlite_house, bot.path)
    before["kisses"] += 2
    await access.save(before)
    assert plain(bot.get_user_profile(7)) == new_profile(7) | {"kisses": 7, "inventory": ["rosa"]}
    assert plain(await access.get(8)) == new_profile(8) == plain(bot.get_user_profile(8))
    profile = await access.get(FIRST_ID)
    assert plain(profile) == plain(bot.get_user_profile(FIRST_ID))
    profile["kisses"] += 1
    services = sqlite_house.world.services
    await asyncio.gather(*(Access(services).save(deepcopy(profile)) for _ in range(WRITERS)))
    assert bot.get_user_profile(FIRST_ID)["kisses"] == profile["kisses"] - 1 + WRITERS
    assert await sqlite_house.world.users.find("8") is None
    assert await sqlite_house.balance() == 5


async def test_nothing_is_changed_while_a_roll_back_is_under_way(
    sqlite_house: House, tmp_path: Path
) -> None:
    access = Access(sqlite_house.world.services)
    profile = await access.get(7)
    await enter(sqlite_house, tmp_path / "db.json", "importing", "rolling_back")
    profile["kisses"] += 2
    for call in (access.save(profile), access.get(8)):
        with pytest.raises(StoreUnavailable, match="is being rolled back"):
            await call
    assert plain(await access.get(7)) == new_profile(7)


async def roll_back(house: House, path: Path) -> None:
    await enter(house, path, "importing", "rolling_back", "rolled_back")


async def enter(house: House, path: Path, *phases: Phase) -> None:
    """The migration of that store goes through these."""
    migrations = Migrations(house.world.services.database)

    async def begin(work: UnitOfWork) -> None:
        await migrations.begin(work, JsonFile.kind, path, path.parent)

    await house.world.decide("begin", begin)
    for phase in phases[1:]:

        async def change(work: UnitOfWork, phase: Phase = phase) -> None:
            await migrations.enter(work, phase)

        await house.world.decide(f"enter {phase}", change)
