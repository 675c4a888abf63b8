"""One example of each imperfection of the old bot's file, and what is made of it.

``SOUND`` with one thing changed: what it says then, and the repairs that are told.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from yabot.clock import EPOCH

USER = "700000007"
SOUND: Mapping[str, Any] = {
    "telegram_id": USER,
    "username": "ana",
    "first_name": "Ana",
    "kisses": 12,
    "inventory": ["llave", "rosa", "rosa"],
    "achievements": ["primer_beso"],
    "role": "vip",
    "vip_expiry": "2027-03-01T10:00:00+00:00",
    "last_daily_claim": None,
    "current_narrative_fragment": "L1_S2",
    "narrative_choices": {"L1_S1": "opcion_A"},
    "metadata": {},
}
GONE: Any = object()
"""Stands for a member that is not there."""
UNTIL = datetime(2027, 3, 1, 10, tzinfo=UTC)


@dataclass(frozen=True)
class Example:
    """``says``: by OldUser's names, what differs from a sound user. ``repairs``: of the member that
    was changed; ``besitos`` goes with the last of them."""

    name: str
    member: str
    value: Any
    says: Mapping[str, Any] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()
    besitos: str = "0"
    repaired: str | None = None
    """The field that is repaired, where it is called otherwise."""

    @property
    def profile(self) -> dict[str, Any]:
        changed = {**SOUND, self.member: self.value}
        return {name: value for name, value in changed.items() if value is not GONE}

    @property
    def text(self) -> str:
        return json.dumps(self.profile)


def _unread(member: str, value: Any, said: str, default: Any) -> Mapping[str, Any]:
    """Nothing was made of it: the default, and it is kept."""
    return {said: default, "unplaced": {member: value}}


def _kisses() -> list[Example]:
    numbers: list[tuple[str, Any, int, tuple[str, ...], str]] = [
        ("a number as text", "5", 5, ("converted",), "0"),
        ("a decimal as text", "5.0", 5, ("converted",), "0"),
        ("a number between spaces", " 7 ", 7, ("converted",), "0"),
        ("a fraction", 5.9, 5, ("rounded_down",), "0.9"),
        ("a fraction as text", "5.75", 5, ("converted", "rounded_down"), "0.75"),
        ("a float that is whole", 5.0, 5, (), "0"),
        ("an exponent", "1e3", 1000, ("converted",), "0"),
        ("an exponent without end", "1e999", 5, ("unreadable",), "-5"),
        ("less than nothing", -3, 0, ("raised",), "-3"),
        ("less than nothing by a little", -0.5, 0, ("rounded_down", "raised"), "-0.5"),
        ("a fraction of a millionth", 5e-9, 0, (), "0"),
        ("more than anybody can have", 10**13, 10**12, ("lowered",), str(9 * 10**12)),
        ("more than all measure", 2**70, 5, ("unreadable",), "-5"),
        ("less than all measure", -1e300, 5, ("unreadable",), "-5"),
        ("no member", GONE, 5, ("missing",), "-5"),
        ("null", None, 5, ("missing",), "-5"),
        ("true", True, 5, ("unreadable",), "-5"),
        ("NaN", float("nan"), 5, ("unreadable",), "-5"),
        ("Infinity", float("inf"), 5, ("unreadable",), "-5"),
        ("a word", "many", 5, ("unreadable",), "-5"),
        ("an empty text", "", 5, ("missing",), "-5"),
        ("thousands with a comma", "1,000", 5, ("unreadable",), "-5"),
        ("a list", [5], 5, ("unreadable",), "-5"),
        ("digits of another script", "٥", 5, ("unreadable",), "-5"),
    ]
    return [
        Example(
            f"kisses: {name}",
            "kisses",
            value,
            {"kisses": kisses} | ({"unplaced": GONE} if "unreadable" in repairs else {}),
            repairs,
            besitos,
        )
        for name, value, kisses, repairs, besitos in numbers
    ]


def _names() -> list[Example]:
    first: list[tuple[str, Any, str, tuple[str, ...]]] = [
        ("null", None, "Usuario", ("missing",)),
        ("no member", GONE, "Usuario", ("missing",)),
        ("an empty text", "", "Usuario", ("missing",)),
        ("an emoji of several parts", "Ana 👩‍👩‍👧", "Ana 👩‍👩‍👧", ()),
        ("control characters", "A\tn\x07a\0", "A n a", ("cleaned",)),
        ("several lines", "Ana\nMaría\u2028", "Ana María", ("cleaned",)),
        ("half of a pair", "Ana \ud83d", "Ana", ("cleaned",)),
        ("bytes that are no UTF-8", "Jos\udce9", "José", ("cleaned",)),
        ("10,000 characters", "Ana " * 2500, ("Ana " * 16).strip(), ("shortened",)),
        ("a number", 7, "7", ("converted",)),
    ]
    return [
        *(
            Example(f"first_name: {name}", "first_name", value, {"first_name": said}, repairs)
            for name, value, said, repairs in first
        ),
        *(
            Example(
                f"first_name: {name}",
                "first_name",
                value,
                _unread("first_name", value, "first_name", "Usuario"),
                ("unreadable",),
            )
            for name, value in (("spaces", "   "), ("an object", {"es": "Ana"}), ("false", False))
        ),
        Example("last_name", "last_name", "García", {"last_name": "García"}),
        Example("username: null", "username", None, {"username": None}),
        Example("username: no member", "username", GONE, {"username": None}, ("missing",)),
        Example("username: an @", "username", "@Ana_B", {"username": "Ana_B"}, ("rewritten",)),
        Example(
            "username: none of Telegram's",
            "username",
            "ana b",
            _unread("username", "ana b", "username", None),
            ("unreadable",),
        ),
    ]


def _roles() -> list[Example]:
    return [
        Example("role: capitals", "role", "VIP", {}, ("rewritten",)),
        Example("role: spaces", "role", " premium ", {"role": "premium"}, ("rewritten",)),
        Example(
            "role: unknown", "role", "admin", _unread("role", "admin", "role", "free"), ("unknown",)
        ),
        Example("role: a number", "role", 1, _unread("role", 1, "role", "free"), ("unreadable",)),
        Example("role: null", "role", None, {"role": "free"}, ("missing",)),
        Example("role: no member", "role", GONE, {"role": "free"}, ("missing",)),
    ]


def _ends() -> list[Example]:
    said: list[tuple[str, Any, datetime | None, tuple[str, ...]]] = [
        ("over", "2020-01-01T00:00:00Z", datetime(2020, 1, 1, tzinfo=UTC), ()),
        ("null", None, None, ()),
        ("an empty text", "", None, ()),
        ("no member", GONE, None, ("missing",)),
        ("no zone", "2027-03-01 10:00:00", UNTIL, ("assumed_utc",)),
        ("another zone", "2027-03-01T12:00:00+02:00", UNTIL, ()),
        ("a day", "2027-03-01", datetime(2027, 3, 1, tzinfo=UTC), ("assumed_utc",)),
        ("the day first", "01/03/2027 10:00", UNTIL, ("rewritten",)),
        ("seconds since 1970", UNTIL.timestamp(), UNTIL, ("converted",)),
        ("milliseconds since 1970", int(UNTIL.timestamp()) * 1000, UNTIL, ("converted",)),
        ("seconds as text", str(int(UNTIL.timestamp())), UNTIL, ("converted",)),
        ("the year first", "2027/3/1 10:00", UNTIL, ("rewritten",)),
        ("digits alone", "20270301", datetime(2027, 3, 1, tzinfo=UTC), ("assumed_utc",)),
        ("Greenwich by name", "2027-03-01 10:00:00 UTC", UNTIL, ("rewritten",)),
        ("a day before all ends", "1969-12-31", EPOCH, ("rewritten",)),
        ("the first of all days", "0001-01-01T00:00:00", EPOCH, ("rewritten",)),
        ("the first moment in the east", "0001-01-01T00:00:00+12:00", EPOCH, ("rewritten",)),
    ]
    malformed: list[tuple[str, Any]] = [
        ("no such day", "2025-13-45"),
        ("a word", "forever"),
        ("less than no seconds", -5),
        ("after all time", 10**30),
        ("the last moment in the west", "9999-12-31T23:59:59-12:00"),
        ("a day that there is not", "0000-00-00 00:00:00"),
        ("a list", [2027, 3, 1]),
        ("true", True),
        ("NaN", float("nan")),
    ]
    return [
        *(
            Example(f"vip_expiry: {name}", "vip_expiry", value, {"vip_until": until}, repairs)
            for name, value, until, repairs in said
        ),
        *(
            Example(
                f"vip_expiry: {name}",
                "vip_expiry",
                value,
                {"vip_until": None, "unplaced": GONE},
                ("unreadable",),
            )
            for name, value in malformed
        ),
    ]


def _things() -> list[Example]:
    said: list[tuple[str, Any, tuple[str, ...], tuple[str, ...]]] = [
        ("null", None, (), ("missing",)),
        ("no member", GONE, (), ("missing",)),
        (
            "counts",
            {"llave": 2, "rosa": "1", "espejo": 0},
            ("llave", "llave", "rosa"),
            ("converted",),
        ),
        ("counts that are none", {"llave": None, "rosa": True}, ("llave", "rosa"), ("converted",)),
        ("counts within objects", {"rosa": {"count": 2}}, ("rosa", "rosa"), ("converted",)),
        ("numbers", ["llave", 7, 7.5], ("llave", "7", "7.5"), ("converted",)),
        ("nothings", ["llave", None, ""], ("llave",), ("left_out",)),
        ("objects with an id", [{"id": "llave", "at": 3}], ("llave",), ("converted",)),
        ("objects without", [{"x": 1}], ('{"x":1}',), ("converted",)),
        ("a list within", [["a"]], ('["a"]',), ("converted",)),
        ("a list as text", '["llave", "rosa"]', ("llave", "rosa"), ("converted",)),
        ("names with commas", "llave, rosa", ("llave", "rosa"), ("converted",)),
        ("a zero character", ["lla\0ve"], ("llave",), ("cleaned",)),
        ("names that are no ids", ["Carta de Lucien 🌹"], ("Carta de Lucien 🌹",), ()),
    ]
    unread: list[tuple[str, Any]] = [
        ("a number", 7),
        ("true", True),
        ("too many", {"llave": 10**9}),
        ("true within", ["llave", True]),
        ("no JSON", "[llave"),
        ("a text with too many levels", "[" * 950 + "]" * 950),
        ("a name of 10,000 characters", ["l" * 10_000]),
    ]
    return [
        example
        for member in ("inventory", "achievements")
        for example in (
            *(
                Example(f"{member}: {name}", member, value, {member: found}, repairs)
                for name, value, found, repairs in said
            ),
            *(
                Example(
                    f"{member}: {name}",
                    member,
                    value,
                    _unread(member, value, member, ()),
                    ("unreadable",),
                )
                for name, value in unread
            ),
        )
    ]


def _story() -> list[Example]:
    fragment, choices = "current_narrative_fragment", "narrative_choices"
    listed = [{"source_fragment": "L1", "choice_id": 3, "timestamp": "…"}]
    made: list[tuple[str, Any, dict[str, str], tuple[str, ...]]] = [
        ("null", None, {}, ("missing",)),
        ("no member", GONE, {}, ("missing",)),
        ("a list of objects", listed, {"L1": "3"}, ("converted",)),
        ("several in one fragment", {"L1": ["a", "b"]}, {"L1": "b"}, ("converted",)),
        ("an object", {"L1": {"choice": "a"}}, {"L1": '{"choice":"a"}'}, ("converted",)),
        ("a number", {"L1": 3}, {"L1": "3"}, ("converted",)),
        ("null within", {"L1": None, "L2": "b"}, {"L2": "b"}, ("left_out",)),
        ("an empty list", [], {}, ("converted",)),
        ("names that are no ids", {"Capítulo 1.": "Sí, $claro"}, {"Capítulo 1.": "Sí, $claro"}, ()),
    ]
    unread: list[tuple[str, Any]] = [
        ("a list of texts", ["opcion_A"]),
        ("a number", 3),
        ("true within", {"L1": True}),
        ("a fragment without a name", {" ": "a"}),
    ]
    return [
        Example("fragment: null", fragment, None, {"fragment": None}),
        Example("fragment: no member", fragment, GONE, {"fragment": None}, ("missing",)),
        Example("fragment: a number", fragment, 3, {"fragment": "3"}, ("converted",)),
        Example("fragment: no id", fragment, "¡Hola!", {"fragment": "¡Hola!"}),
        Example(
            "fragment: too long",
            fragment,
            "L" * 10_000,
            _unread(fragment, "L" * 10_000, "fragment", None),
            ("unreadable",),
        ),
        *(
            Example(f"choices: {name}", choices, value, {"choices": found}, repairs)
            for name, value, found, repairs in made
        ),
        *(
            Example(
                f"choices: {name}",
                choices,
                value,
                _unread(choices, value, "choices", {}),
                ("unreadable",),
            )
            for name, value in unread
        ),
    ]


def _unplaced() -> list[Example]:
    """What has no place, and what of it no store takes as it is."""

    def as_text(value: Any) -> Mapping[str, Any]:
        return {"unplaced": {"metadata": {"yabot_json": json.dumps(value)}}}

    wild: list[tuple[str, Any]] = [
        ("an integer of more than 64 bits", {"n": 2**70}),
        ("infinity", {"n": float("inf")}),
        ("half of a pair", {"n": "\ud83d"}),
        ("a zero character", {"n": "\0"}),
        ("a key like an operator", {"$set": 1}),
        ("a key like a path", {"a.b": 1}),
        ("an empty key", {"": 1}),
        ("forty levels", json.loads("[" * 40 + "]" * 40)),
    ]
    return [
        Example("metadata: null", "metadata", None, {}, ("missing",)),
        Example("metadata: no member", "metadata", GONE, {}, ("missing",)),
        Example(
            "metadata", "metadata", {"a": [1, None]}, {"unplaced": {"metadata": {"a": [1, None]}}}
        ),
        Example("metadata: a list", "metadata", [1], {"unplaced": {"metadata": [1]}}),
        *(
            Example(f"metadata: {name}", "metadata", value, as_text(value), ("kept_as_text",))
            for name, value in wild
        ),
        Example(
            "last_daily_claim",
            "last_daily_claim",
            "2026-05-27",
            {"unplaced": {"last_daily_claim": "2026-05-27"}},
        ),
        Example("last_daily_claim: no member", "last_daily_claim", GONE, {}, ("missing",)),
        Example("something else", "level", 3, {"unplaced": {"level": 3}}),
        Example(
            "something else that no store takes",
            "ana's",
            2**70,
            {"unplaced": {"ana's": {"yabot_json": str(2**70)}}},
            ("kept_as_text",),
            repaired="unplaced",
        ),
        Example(
            "a name that no store takes",
            "$level",
            3,
            {"unplaced": {"yabot_others": {"yabot_json": '{"$level": 3}'}}},
            ("kept_as_text",),
            repaired="unplaced",
        ),
    ]


def _ids() -> list[Example]:
    return [
        Example("telegram_id: a number", "telegram_id", int(USER)),
        Example("telegram_id: no member", "telegram_id", GONE, {}, ("missing",)),
        Example("telegram_id: somebody else's", "telegram_id", "700000008", {}, ("key_wins",)),
        Example("telegram_id: a list", "telegram_id", [1], {}, ("key_wins",)),
        Example("telegram_id: true", "telegram_id", True, {}, ("key_wins",)),
    ]


EXAMPLES = [
    *_kisses(),
    *_names(),
    *_roles(),
    *_ends(),
    *_things(),
    *_story(),
    *_unplaced(),
    *_ids(),
]

REFUSED_KEYS = {
    "a name": "ana",
    "nothing": "",
    "zero": "0",
    "leading zeros": "007",
    "negative": "-100123",
    "spaces": " 7 ",
    "a decimal": "7.0",
    "more than Telegram gives": str(2**60),
    "another script": "٧",
}
REFUSED_TEXTS = {
    "null": "null",
    "a number": "5",
    "a text": '"Ana"',
    "a list": "[1]",
    "nothing": "",
    "broken": '{"kisses": 5,, }',
    "torn": '{"kisses": 5, "first_na',
    "a hundred thousand levels": '{"metadata": ' + "[" * 100_000 + "]" * 100_000 + "}",
}
