"""One writer cannot tell the drop-in module from the old bot's own functions."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.features.legacy.access.test_access import plain
from tests.features.legacy.house import new_house
from tests.features.legacy.old_bot import ACHIEVEMENTS, DECISIONS, FRAGMENTS, THINGS, OldBot
from tests.storage.fixtures import PATIENCE_MS, fresh_copy
from tests.tiers import examples
from yabot.features.legacy.access.functions import Access
from yabot.storage.documents.store import DocumentStore

Profile = dict[str, Any]
READERS = (7, 8)
MOMENTS = ("2031-03-15T12:00:00", "2032-01-01T00:00:00.500000")


@dataclass(frozen=True)
class Change:
    """One thing that an old bot does to a profile in its hands."""

    name: str
    make: Callable[[Profile], object]

    def __repr__(self) -> str:
        return self.name


def _kisses(more: int) -> Change:
    return Change(
        f"kisses {more:+}", lambda each: each.update(kisses=max(0, each["kisses"] + more))
    )


def _put(field: str, value: Any) -> Change:
    return Change(f"{field} = {value!r}", lambda each: each.update({field: value}))


def _role(role: str, expiry: str | None) -> Change:
    return Change(f"{role} until {expiry}", lambda each: each.update(role=role, vip_expiry=expiry))


def _more(thing: str) -> Change:
    return Change(f"gets {thing}", lambda each: each["inventory"].append(thing))


def _fewer(thing: str) -> Change:
    return Change(
        f"loses {thing}",
        lambda each: thing in each["inventory"] and each["inventory"].remove(thing),
    )


def _achieve(name: str) -> Change:
    return Change(
        f"achieves {name}",
        lambda each: name in each["achievements"] or each["achievements"].append(name),
    )


def _choose(fragment: str, choice: str) -> Change:
    return Change(
        f"{fragment}: {choice}", lambda each: each["narrative_choices"].update({fragment: choice})
    )


def _note(name: str, value: Any) -> Change:
    return Change(f"notes {name}", lambda each: each["metadata"].update({name: value}))


def _forget(name: str) -> Change:
    return Change(f"forgets {name}", lambda each: each["metadata"].pop(name, None))


def _drop(field: str) -> Change:
    return Change(f"drops {field}", lambda each: each.pop(field, None))


names = st.sampled_from(["source", "visits", "$set", "a.b"])
json_values: st.SearchStrategy[Any] = st.sampled_from(
    [None, 1, 2**70, "\ud83d", "x\0y", [1, {"deep": []}], {}, True]
)
changes = st.one_of(
    st.builds(_kisses, st.integers(-40, 40)),
    st.builds(_put, st.just("first_name"), st.sampled_from(["Ana", "🌹 Rosa"])),
    st.builds(_put, st.just("username"), st.sampled_from([None, "ana_lee"])),
    st.builds(_put, st.just("last_daily_claim"), st.sampled_from([None, *MOMENTS])),
    st.builds(_put, st.just("current_narrative_fragment"), st.sampled_from([None, *FRAGMENTS])),
    st.builds(_put, st.sampled_from(["mood", "a.b"]), json_values),
    st.builds(_role, st.sampled_from(["vip", "premium"]), st.sampled_from(MOMENTS)),
    st.just(_role("free", None)),
    st.builds(_more, st.sampled_from(THINGS)),
    st.builds(_fewer, st.sampled_from(THINGS)),
    st.builds(_achieve, st.sampled_from(ACHIEVEMENTS)),
    st.builds(_choose, st.sampled_from(FRAGMENTS), st.sampled_from(DECISIONS)),
    st.builds(_note, names, json_values),
    st.builds(_forget, names),
    st.builds(_drop, st.sampled_from(["mood", "a.b"])),
)
# Whose profile is got, what is done to it, and whether it is saved behind each of these.
visits = st.tuples(st.sampled_from(READERS), st.lists(st.lists(changes, max_size=3), max_size=3))


@pytest.mark.criterion("5.4.3")
def test_one_writer_gets_what_the_old_file_would_have_given(
    migrated_sqlite: Path, mongodb_uri: str, mongo_database: str, tmp_path: Path
) -> None:
    @settings(max_examples=examples(25))
    @given(st.lists(visits, max_size=8))
    @example([(7, [[_put("mood", None)], [_drop("mood")]]), (7, [])])
    def holds(played: list[tuple[int, list[list[Change]]]]) -> None:
        documents = DocumentStore(
            mongodb_uri, mongo_database, max_pool_size=4, timeout_ms=PATIENCE_MS
        )
        old = OldBot(tmp_path / f"{uuid4().hex}.json")
        asyncio.run(_play(played, old, documents, migrated_sqlite))

    holds()


async def _play(
    played: list[tuple[int, list[list[Change]]]],
    old: OldBot,
    documents: DocumentStore,
    migrated: Path,
) -> None:
    async with fresh_copy(migrated) as database:
        house = new_house(database, documents)
        access = Access(house.world.services)
        for reader, saves in played:
            theirs, ours = old.get_user_profile(reader), await access.get(reader)
            assert plain(ours) == plain(theirs)
            for made in saves:
                for change in made:
                    change.make(theirs)
                    change.make(ours)
                old.save_user_profile(theirs)
                await access.save(ours)
        for reader in READERS:
            assert plain(await access.get(reader)) == plain(old.get_user_profile(reader))
    await documents.close()
