"""Each way in which the two sides may differ is found, and nothing else."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.features.legacy.house import House, lose_a_kiss
from tests.features.legacy.old_bot import FIRST_ID, new_profile, old_users, tear
from yabot.features.legacy import waiting
from yabot.features.legacy.record import Record
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Entry
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import Subject, Verifier, Wait

USERS = 12
ANA, BEA = FIRST_ID, FIRST_ID + 1
Profile = dict[str, Any]


class OldStore:
    """A file of the old bot whose users are here too."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.path = folder / "db.json"
        self.users: dict[str, Any] = {}

    async def fill(self, users: int = USERS) -> None:
        for key, profile in old_users(users, seed=3):
            await self.bring(profile)
            assert key in self.users

    async def bring(self, profile: Profile) -> None:
        """As the old bot wrote it, and as the import took it."""
        key = str(profile["telegram_id"])
        self.users[key] = profile
        record = JsonFile().interpret(Entry(key, json.dumps(profile)))
        assert isinstance(record, Record)
        await self.house.merge(record.user)

    async def verify(
        self,
        *,
        mirrored: bool = True,
        sample: int | None = None,
        seed: int = 0,
        waits: Sequence[Wait] = (),
    ) -> Verification:
        self.path.write_text(json.dumps(self.users))
        return await self.look(mirrored, sample, seed, waits)

    async def look(
        self,
        mirrored: bool = True,
        sample: int | None = None,
        seed: int = 0,
        waits: Sequence[Wait] = (),
    ) -> Verification:
        verifier = Verifier(self.house.world.services, self.path.parent / "room", waits)
        subject = Subject(JsonFile(), self.path, mirrored)
        return await verifier.run(subject, sample=sample, seed=seed)


@pytest.fixture
async def store(sqlite_house: House, tmp_path: Path) -> OldStore:
    found = OldStore(sqlite_house, tmp_path)
    await found.fill()
    return found


@pytest.mark.criterion("5.4.3")
async def test_what_agrees_is_clean_on_either_database(house: House, tmp_path: Path) -> None:
    store = OldStore(house, tmp_path)
    await store.fill(4)
    found = await store.verify()
    assert found.is_clean
    assert found.counts == {"agrees": 4}
    kisses = sum(profile["kisses"] for profile in store.users.values())
    assert found.besitos_there == found.besitos_here == kisses
    assert [*found.lines()] == [
        "Looked at all users: 4 users are the same.",
        f"Besitos: {kisses} in the old store, {kisses} here: the same.",
    ]
    assert [*(tmp_path / "room").iterdir()] == []


CHANGES: dict[str, Profile] = {
    "kisses": {"kisses": 999},
    "first_name": {"first_name": "Somebody else"},
    "username": {"username": "somebody_else"},
    "role": {"role": "premium", "vip_expiry": None},
    "inventory": {"inventory": ["cosa"]},
    "achievements": {"achievements": ["nada"]},
    "fragment": {"current_narrative_fragment": "elsewhere"},
    "choices": {"narrative_choices": {"intro": "nada"}},
    "unplaced": {"metadata": {"more": 1}},
}


@pytest.mark.parametrize("field", CHANGES)
async def test_a_difference_in_any_field_is_found(field: str, store: OldStore) -> None:
    store.users[str(ANA)] |= CHANGES[field]
    found = await store.verify()
    assert not found.is_clean
    assert found.counts == {"agrees": USERS - 1, "differs": 1}
    (outcome,) = found.told
    assert outcome.user_id == str(ANA)
    assert field in {each.field for each in outcome.differences}
    assert set(found.fields) == {each.field for each in outcome.differences}


async def test_of_names_and_texts_only_that_they_differ(store: OldStore) -> None:
    here = a_free(store.users)
    store.users[str(here["telegram_id"])] = here | {
        "kisses": here["kisses"] + 5,
        "first_name": "Secreta",
        "role": "vip",
        "vip_expiry": "2031-01-01T00:00:00",
        "inventory": [*here["inventory"], "tesoro"],
        "narrative_choices": {"secreto": "nada"},
        "mood": "confesión",
    }
    found = await store.verify()
    user, kisses, things = here["telegram_id"], here["kisses"], len(here["inventory"])
    lines = [*found.lines()]
    assert f"user {user}, kisses: {kisses + 5} in the old store, {kisses} here" in lines
    assert f"user {user}, role: vip in the old store, free here" in lines
    assert f"user {user}, first_name: differs" in lines
    assert f"user {user}, unplaced: differs" in lines
    assert any(f"user {user}, inventory: {things + 1} in all in the old" in line for line in lines)
    said = "\n".join((*lines, json.dumps(found.as_json())))
    for text in ("Secreta", "tesoro", "secreto", "confesión", here["first_name"], "mood"):
        assert text not in said


def a_free(users: dict[str, Any]) -> Profile:
    return next(each for each in users.values() if each["role"] == "free")


async def test_who_is_on_one_side_only_is_found(store: OldStore) -> None:
    del store.users[str(ANA)]
    store.users["123"] = new_profile(123)
    found = await store.verify()
    assert {each.user_id: each.kind for each in found.told} == {
        str(ANA): "only_here",
        "123": "only_there",
    }
    assert "user 123 is in the old store only" in [*found.lines()]
    assert found.besitos_there - found.besitos_here == 5 - old_kisses(ANA)


def old_kisses(telegram_id: int) -> int:
    return int(dict(old_users(USERS, seed=3))[str(telegram_id)]["kisses"])


async def test_refused_entries_are_told_by_key_and_are_no_difference(store: OldStore) -> None:
    store.users |= {"lector_perdido": new_profile(5), "77": "perdido"}
    found = await store.verify()
    assert found.is_clean
    assert {each.user_id for each in found.refused} == {"lector_perdido", "77"}
    assert any(line.startswith("entry 77 cannot be imported: ") for line in found.lines())


async def test_who_was_forgotten_may_not_stay_in_a_file_that_we_write(store: OldStore) -> None:
    await store.house.world.delete(user_id=str(ANA))
    assert not (await store.verify()).is_clean
    found = await store.verify(mirrored=False)
    assert found.is_clean
    assert found.counts == {"agrees": USERS - 1, "forgotten": 1}
    assert found.besitos_there == found.besitos_here


async def test_one_whose_state_is_lost_is_told_and_the_others_are_looked_at(
    store: OldStore,
) -> None:
    await store.house.catch_up()
    documents = store.house.world.services.documents
    await documents["users"].delete_one({"_id": str(ANA)})
    found = await store.verify()
    assert found.counts == {"agrees": USERS - 1, "lost_here": 1}
    assert f"user {ANA} has lost their state here: see `yabot audit stores`" in [*found.lines()]
    assert not found.is_clean


async def test_a_store_that_breaks_off_is_not_clean(store: OldStore) -> None:
    assert (await store.verify()).is_clean
    tear(store.path, share=0.5)
    found = await store.look()
    assert not found.is_clean
    assert found.damage in [*found.lines()]
    assert found.counts["only_here"] > 0


async def test_what_is_on_its_way_is_looked_at_again(store: OldStore) -> None:
    """Ana has earned here what the mirror writes a moment later, Bea has done so there."""
    await store.house.award(str(ANA), 7)
    store.users[str(BEA)]["kisses"] += 3
    store.path.write_text(json.dumps(store.users))

    async def mirror_and_follow() -> None:
        store.users[str(ANA)]["kisses"] += 7
        store.path.write_text(json.dumps(store.users))
        await store.house.award(str(BEA), 3)

    found = await store.look(waits=(mirror_and_follow,))
    assert found.is_clean
    assert found.counts == {"agrees": USERS}
    assert found.besitos_there == found.besitos_here


@pytest.mark.parametrize("noted", [True, False])
async def test_what_does_not_arrive_is_told(noted: bool, store: OldStore) -> None:
    """Sooner when nobody has noted that it is to be written."""
    await store.house.award(str(ANA), 7)
    if noted:
        await store.house.world.services.database.write(waiting.note(str(ANA)))
    waits: list[int] = []

    async def nothing_arrives() -> None:
        waits.append(len(waits))

    found = await store.verify(waits=(nothing_arrives,) * 3)
    assert [each.user_id for each in found.told] == [str(ANA)]
    assert found.counts == {"agrees": USERS - 1, "differs": 1}
    assert found.besitos_here - found.besitos_there == 7
    assert len(waits) == (3 if noted else 1)


@pytest.mark.parametrize("touched", [True, False])
async def test_where_nobody_mirrors_readers_may_go_on_here(touched: bool, store: OldStore) -> None:
    """But what the import alone has brought must be what the old store has."""
    if touched:
        await store.house.award(str(ANA), 7)
    else:
        await lose_a_kiss(store.house, str(ANA))
    found = await store.verify(mirrored=False)
    assert found.is_clean == touched
    assert found.counts == {"agrees": USERS - 1, "newer_here" if touched else "differs": 1}


async def test_where_nobody_mirrors_what_the_old_bot_wrote_since_is_missing(
    store: OldStore,
) -> None:
    await store.house.award(str(ANA), 7)
    store.users[str(ANA)]["kisses"] += 3
    found = await store.verify(mirrored=False)
    assert found.counts["differs"] == 1
    assert not found.is_clean


async def test_a_sample_is_so_many_of_the_old_store_and_the_same_for_the_same_seed(
    store: OldStore,
) -> None:
    store.users = {key: each | {"kisses": 999} for key, each in store.users.items()}
    looked_at = []
    for seed in (1, 1, 2):
        found = await store.verify(sample=5, seed=seed)
        assert found.sample == 5 == found.counts["differs"]
        looked_at.append({each.user_id for each in found.told})
    assert looked_at[0] == looked_at[1] != looked_at[2]
    assert (await store.verify(sample=10**6)).sample is None
