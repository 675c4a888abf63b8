"""What the old bot wrote, and nobody has changed here, stays as it stood."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given

from tests.features.legacy.old_bot import IMPERFECTIONS, new_profile, old_users
from tests.features.legacy.sources.test_interpreting import PROFILES
from yabot.features.legacy.merging.rules import merge
from yabot.features.legacy.old_files.old_format import MOST_WRITTEN, mirrored, shows
from yabot.features.legacy.record import OldUser, Record
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Entry
from yabot.features.legacy.sources.values import MOST_THINGS

SOURCE = JsonFile()


def read(profile: Any) -> OldUser:
    record = SOURCE.interpret(Entry("7", json.dumps(profile)))
    assert isinstance(record, Record)
    return record.user


def written(profile: Any, **changes: Any) -> dict[str, Any]:
    """The profile after these fields of the user have changed here."""
    theirs = read(profile)
    ours = theirs.model_copy(update=changes)
    return mirrored(ours, 3, json.dumps(profile), theirs)


def without_old_besitos(user: OldUser) -> OldUser:
    """Those that could not be read have become some that were posted."""
    return user.model_copy(update={"unplaced": user.unplaced_yet})


def unmarked(profile: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in profile["metadata"].items() if key != "yabot"}
    return profile | {"metadata": metadata}


@pytest.mark.parametrize("kind", IMPERFECTIONS)
def test_what_has_not_changed_stays_as_it_stood(kind: str) -> None:
    profile = IMPERFECTIONS[kind](new_profile(7) | {"kisses": 12, "username": "lector_7"})[1]
    if not isinstance(profile, dict):
        return
    after = mirrored(read(profile), 3, json.dumps(profile), read(profile))
    metadata = profile.get("metadata") or {}
    assert after == profile | {"metadata": metadata | {"yabot": 3}}
    assert [*after][: len(profile)] == [*profile]


def test_a_number_without_end_hinders_nobody() -> None:
    found = json.dumps(new_profile(7))[:-1] + ', "n": ' + "9" * 5000 + "}"
    record = SOURCE.interpret(Entry("7", found))
    assert isinstance(record, Record)
    ours = record.user.model_copy(update={"kisses": 6})
    after = mirrored(ours, 3, found, record.user)
    assert (after["kisses"], after["n"]) == (6, "9" * 5000)
    assert shows(record.user, found, record.user)


@given(PROFILES)
def test_whatever_was_written_is_read_back(profile: dict[str, Any]) -> None:
    metadata = profile.get("metadata")
    # Where the mark is to stand, nothing else can.
    assume(
        not isinstance(metadata, dict) or metadata.keys().isdisjoint({"yabot", "yabot_metadata"})
    )
    user = read(profile)
    assert read(mirrored(user, 1, json.dumps(profile), user)) == user
    assume(max(len(user.inventory), len(user.achievements)) <= MOST_WRITTEN)
    new = user.model_copy(update={"last_name": None, "visited": (), "registered_at": None})
    assert read(mirrored(new, 1, None, None)) == without_old_besitos(new)


def test_everybody_is_read_back_as_they_were_written() -> None:
    for _, profile in old_users(200, seed=3):
        user = read(profile | {"telegram_id": 7})
        assert read(mirrored(user, 1, None, None)) == without_old_besitos(user)


def test_a_field_that_changed_is_written_and_no_other() -> None:
    profile = new_profile(7) | {"kisses": "12", "first_name": None, "mood": "contenta"}
    after = written(profile, role="vip")
    assert unmarked(after) == profile | {"role": "vip"}
    assert written(profile, kisses=13)["kisses"] == 13


def test_lists_keep_what_is_no_name() -> None:
    profile = new_profile(7) | {"inventory": ["rosa", None, "llave", 7]}
    assert written(profile, inventory=("llave", "7", "espejo"))["inventory"] == [
        None,
        "llave",
        7,
        "espejo",
    ]


def test_lists_that_cannot_be_kept_say_the_same_in_the_end() -> None:
    profile = new_profile(7) | {"inventory": {"rosa": 2}, "narrative_choices": ["abrir"]}
    after = written(profile, inventory=("rosa",), choices={"intro": "irse"})
    assert after["inventory"] == ["rosa"]
    assert after["narrative_choices"] == {"intro": "irse"}


@pytest.mark.parametrize("stands", [True, False])
def test_of_many_things_so_many_are_written_as_can_be_read(*, stands: bool) -> None:
    """The old bot may add to them; and what it takes away is no reason to give the others again."""
    profile = new_profile(7) | {"inventory": ["rosa"] * (MOST_WRITTEN - 1)}
    theirs = read(profile) if stands else None
    ours = read(profile).model_copy(update={"inventory": ("rosa",) * (MOST_WRITTEN + 3)})
    after = mirrored(ours, 1, json.dumps(profile) if stands else None, theirs)
    base = read(after)
    assert len(base.inventory) == len(after["inventory"]) == MOST_WRITTEN
    assert shows(ours, json.dumps(after), base)
    more = read(after | {"inventory": [*after["inventory"], "llave"]})
    assert merge(base, more, ours).gained == {"llave": 1}
    fewer = read(after | {"inventory": after["inventory"][2:]})
    found = merge(base, fewer, ours)
    assert (found.gained, found.lost) == ({}, {"rosa": 2})


def test_more_things_than_can_be_read_stay_as_they_stand() -> None:
    profile = new_profile(7) | {"inventory": ["rosa"] * (MOST_THINGS + 1), "kisses": 5}
    after = written(profile, inventory=("llave",), kisses=6)
    assert (len(after["inventory"]), after["kisses"]) == (MOST_THINGS + 1, 6)
    ours = read(profile).model_copy(update={"inventory": ("llave",), "kisses": 6})
    assert shows(ours, json.dumps(after), read(after))


def test_choices_keep_what_is_none_and_lose_what_was_taken_back() -> None:
    profile = new_profile(7) | {"narrative_choices": {"intro": "abrir", "cap1": None}}
    after = written(profile, choices={"cap2": "irse"})
    assert after["narrative_choices"] == {"cap1": None, "cap2": "irse"}


@pytest.mark.parametrize(
    ("stood", "written_as"),
    [
        ("2031-01-15T12:00:00", "2031-03-01T10:30:00"),
        ("2031-01-15T12:00:00Z", "2031-03-01T10:30:00Z"),
        ("2031-01-15T12:00:00z", "2031-03-01T10:30:00Z"),
        ("2031-01-15T12:00:00+00:00", "2031-03-01T10:30:00+00:00"),
        ("2031-01-15T12:00:00-05:00", "2031-03-01T10:30:00+00:00"),
        ("2031-01-15T12:00:00-0500", "2031-03-01T10:30:00+00:00"),
        ("2031-01-15 12:00", "2031-03-01T10:30:00"),
        ("2031-01-15", "2031-03-01T10:30:00"),
        ("15-01-2031", "2031-03-01T10:30:00"),
        (None, "2031-03-01T10:30:00"),
        (1926331200, "2031-03-01T10:30:00"),
    ],
)
def test_a_moment_is_written_as_moments_stood_there(stood: Any, written_as: str) -> None:
    until = datetime(2031, 3, 1, 10, 30, tzinfo=UTC)
    profile = new_profile(7) | {"role": "vip", "vip_expiry": stood}
    assert written(profile, vip_until=until)["vip_expiry"] == written_as


def test_who_does_not_pay_any_more_has_no_end() -> None:
    profile = new_profile(7) | {"role": "vip", "vip_expiry": "2031-01-15T12:00:00"}
    after = written(profile, role="free", vip_until=None)
    assert (after["role"], after["vip_expiry"]) == ("free", None)


def test_what_has_no_place_here_comes_back_when_it_changed_here() -> None:
    profile = new_profile(7) | {"last_daily_claim": "2026-11-01T08:00:00"}
    after = written(profile, unplaced={"last_daily_claim": "2026-11-02T08:00:00", "mood": "bien"})
    assert after["last_daily_claim"] == "2026-11-02T08:00:00"
    assert after["mood"] == "bien"


def test_metadata_that_is_no_object_makes_room_for_the_mark() -> None:
    profile = new_profile(7) | {"metadata": ["nada"]}
    after = written(profile)
    assert after["metadata"] == {"yabot_metadata": ["nada"], "yabot": 3}
    assert read(after) == read(profile)
    assert written(after) == after
    assert read(written(after | {"metadata": after["metadata"] | {"mood": 1}})) != read(profile)


def test_tells_whether_the_file_shows_it_all() -> None:
    profile = new_profile(7) | {"kisses": "12"}
    theirs, text = read(profile), json.dumps(profile)
    assert shows(theirs, text, theirs)
    later = theirs.model_copy(update={"registered_at": datetime.now(UTC) + timedelta(days=1)})
    assert shows(later, text, theirs)
    assert not shows(theirs.model_copy(update={"kisses": 13}), text, theirs)
    assert not shows(theirs, None, None)


def test_what_could_not_be_read_and_has_got_a_value_since_says_nothing_any_more() -> None:
    profile = new_profile(7) | {
        "role": "admin",
        "vip_expiry": "never",
        "inventory": ["rosa", True],
        "achievements": 5,
        "narrative_choices": ["intro"],
        "current_narrative_fragment": "x" * 300,
        "username": "https://t.me/ana",
    }
    ours = read(profile)
    assert ours.unplaced_yet == ours.unplaced
    since = {
        "role": "vip",
        "vip_until": datetime(2031, 3, 1, tzinfo=UTC),
        "inventory": ("vela",),
        "achievements": ("lectora",),
        "choices": {"intro": "abrir"},
        "fragment": "cap1",
        "username": "ana",
    }
    ours = ours.model_copy(update=since)
    anew = mirrored(ours, 1, None, None)
    for after in (written(profile, **since), anew):
        assert (after["role"], after["vip_expiry"]) == ("vip", "2031-03-01T00:00:00")
        assert after["inventory"] == ["rosa", True, "vela"]
        assert after["achievements"] == ["lectora"]
        assert after["narrative_choices"] == {"intro": "abrir"}
        assert (after["current_narrative_fragment"], after["username"]) == ("cap1", "ana")
        assert shows(ours, json.dumps(after), read(after))
