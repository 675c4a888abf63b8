"""What the old bot's profiles say, however imperfect they are."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.legacy.sources.corpus import (
    EXAMPLES,
    GONE,
    REFUSED_KEYS,
    REFUSED_TEXTS,
    SOUND,
    UNTIL,
    USER,
    Example,
)
from yabot.features.legacy.access.marks import Mark
from yabot.features.legacy.record import How, OldUser, Record, Refusal
from yabot.features.legacy.sources import verbatim
from yabot.features.legacy.sources.profile import LARGEST, interpret

SOUND_USER = OldUser(
    user_id=USER,
    first_name="Ana",
    username="ana",
    kisses=12,
    role="vip",
    vip_until=UNTIL,
    inventory=("llave", "rosa", "rosa"),
    achievements=("primer_beso",),
    fragment="L1_S2",
    choices={"L1_S1": "opcion_A"},
)

ODD_TEXTS = st.sampled_from(
    [
        *("", " ", "5", "5.0", "1e3", "-3", "NaN", "null", "VIP", "vip", "free", "\0", "\ud83d"),
        *("2025-13-45", "2027-03-01", "2027-03-01T00:00:00Z", "01/02/2027", "[1]", "{}", "a, b"),
        *("$x", "a.b", "yabot", "yabot_json", "yabot_others", "\udce9"),
    ]
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.integers(-5, 2**70) | st.floats() | ODD_TEXTS
) | st.text(st.characters(exclude_categories=()), max_size=8)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(ODD_TEXTS | st.text(), inner, max_size=4)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from([*SOUND, "last_name", "visited_fragments", "registered_at"])
PROFILES = st.dictionaries(NAMES, ANYTHING, max_size=15) | st.dictionaries(
    NAMES | st.text(max_size=3), ANYTHING, max_size=6
)


def _record(text: str, key: str = USER) -> Record:
    found = interpret(key, text)
    assert isinstance(found, Record), found
    return found


def test_a_sound_user_needs_no_repair() -> None:
    assert _record(json.dumps(SOUND)) == Record(SOUND_USER)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_imperfection_is_repaired_and_told(example: Example) -> None:
    found = _record(example.text)
    said = {name: value for name, value in example.says.items() if value is not GONE}
    ours = found.user if example.says.get("unplaced") is not GONE else _without_unplaced(found.user)
    assert ours == SOUND_USER.model_copy(update=said)
    name = example.repaired or example.member
    assert [(each.field, each.how) for each in found.repairs] == [
        (name, how) for how in example.repairs
    ]
    assert sum(each.besitos for each in found.repairs) == Decimal(example.besitos)
    assert_storable(found.user)
    assert _record(json.dumps(plain(found.user))).user == found.user


def _without_unplaced(user: OldUser) -> OldUser:
    """Where the corpus does not say what is kept: NaN is not even equal to itself."""
    assert user.unplaced
    return user.model_copy(update={"unplaced": {}})


@pytest.mark.parametrize("key", REFUSED_KEYS.values(), ids=REFUSED_KEYS.keys())
def test_who_has_no_id_of_telegrams_is_refused_with_their_besitos(key: str) -> None:
    found = interpret(key, json.dumps(SOUND))
    assert isinstance(found, Refusal)
    assert found.besitos == 12
    assert "key" in found.reason


@pytest.mark.parametrize("text", REFUSED_TEXTS.values(), ids=REFUSED_TEXTS.keys())
def test_what_is_no_object_is_refused(text: str) -> None:
    found = interpret(USER, text)
    assert isinstance(found, Refusal)
    assert found.key == USER
    assert "Ana" not in found.reason


def test_what_mongodb_would_not_take_is_refused() -> None:
    text = json.dumps({**SOUND, "metadata": {"photo": "x" * LARGEST}})
    found = interpret(USER, text)
    assert isinstance(found, Refusal)
    assert found.besitos == 12
    assert "MiB" in found.reason


def test_a_long_key_is_shown_in_part() -> None:
    found = interpret("Ana\n" * 10_000, "{}")
    assert isinstance(found, Refusal)
    assert len(found.key) == 64
    assert "\n" not in found.key


def test_an_integer_without_end_costs_nothing_else() -> None:
    found = _record(json.dumps({**SOUND, "metadata": {}})[:-1] + ', "level": ' + "9" * 5000 + "}")
    assert found.user == SOUND_USER.model_copy(update={"unplaced": {"level": "9" * 5000}})


def test_our_mark_is_read_and_is_nobodys_metadata() -> None:
    found = _record(json.dumps({**SOUND, "metadata": {"yabot": 7, "seen": True}}))
    assert (found.mark, found.user.unplaced) == (7, {"metadata": {"seen": True}})
    found = _record(json.dumps({**SOUND, "metadata": {"yabot": 7}}))
    assert (found.mark, found.user.unplaced) == (7, {})


def test_what_the_drop_in_has_noted_is_nobodys_metadata() -> None:
    mark = str(Mark.of(dict(SOUND), version=4))
    found = _record(json.dumps({**SOUND, "metadata": {"yabot": mark, "seen": True}}))
    assert (found.mark, found.user.unplaced) == (0, {"metadata": {"seen": True}})


@pytest.mark.parametrize("value", ["7", -1, True, 2**70, {"n": 1}, None])
def test_what_is_no_mark_of_ours_stays(value: Any) -> None:
    found = _record(json.dumps({**SOUND, "metadata": {"yabot": value}}))
    assert found.mark == 0
    assert verbatim.original(found.user.unplaced) == {"metadata": {"yabot": value}}


def test_each_way_of_repairing_has_its_example() -> None:
    assert {how for example in EXAMPLES for how in example.repairs} == set(get_args(How))


@given(PROFILES)
def test_whatever_a_profile_holds_it_is_storable_and_interpreted_alike(
    profile: dict[str, Any],
) -> None:
    text = json.dumps(profile)
    found = _record(text)
    assert_storable(found.user)
    assert _record(json.dumps(plain(found.user))).user == found.user
    assert _record(text).user.digest == found.user.digest


@given(ANYTHING, st.text(max_size=12) | st.integers(0, 2**54).map(str))
def test_whatever_a_value_is_it_is_a_record_or_a_refusal(value: Any, key: str) -> None:
    found = interpret(key, json.dumps(value))
    assert isinstance(found, Record if isinstance(value, dict) and _is_id(key) else Refusal)


@given(st.text(max_size=40), st.text(max_size=10))
def test_whatever_stands_there_nothing_is_raised(text: str, key: str) -> None:
    assert isinstance(interpret(key, text), Record | Refusal)


@given(st.dictionaries(st.text(st.characters(exclude_categories=())), ANYTHING, max_size=4))
def test_what_has_no_place_comes_back_as_it_was(values: dict[str, Any]) -> None:
    kept, _ = verbatim.kept(values)
    # NaN is not equal to itself.
    assert json.dumps(verbatim.original(kept), sort_keys=True) == json.dumps(values, sort_keys=True)
    assert verbatim.kept(kept) == (kept, ())


def plain(user: OldUser) -> dict[str, Any]:
    """A profile that says all of it: of what could not be read, what stood there."""
    said = {
        "telegram_id": user.user_id,
        "username": user.username,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "kisses": user.kisses,
        "role": user.role,
        "vip_expiry": user.vip_until and user.vip_until.isoformat(),
        "inventory": list(user.inventory),
        "achievements": list(user.achievements),
        "current_narrative_fragment": user.fragment,
        "visited_fragments": list(user.visited),
        "narrative_choices": dict(user.choices),
        "registered_at": user.registered_at and user.registered_at.isoformat(),
    }
    return {**said, **verbatim.original(user.unplaced)}


def assert_storable(user: OldUser) -> None:
    text = user.model_dump_json()
    assert "\\u0000" not in text.replace("\\\\", "")
    assert OldUser.model_validate_json(text) == user
    values: Mapping[str, Any] = user.model_dump(exclude={"choices"})
    bson.encode(values)


def _is_id(key: str) -> bool:
    return key.isascii() and key.isdigit() and str(int(key)) == key and 0 < int(key) < 2**52
