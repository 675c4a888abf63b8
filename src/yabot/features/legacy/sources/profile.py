"""Interprets a profile of the old bot, as they stand in ``db.json``."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from yabot import canonical
from yabot.features.legacy.record import FIRST_NAME, KISSES, OldUser, Record, Refusal
from yabot.features.legacy.sources import values
from yabot.features.legacy.sources.fields import Fields

MARK = "yabot"
"""The key in ``metadata`` that says from which of our writes the profile descends."""
STOOD = "yabot_metadata"
"""The key beside the mark for the former value of ``metadata``, if that was no object."""
GIVEN = "given"
"""How the mark begins in a profile that an old bot got from us and wrote into the file itself: such
a profile descends from none of our writes."""
LARGEST = 12 * 1024 * 1024
"""Bytes of a user. MongoDB's limit is higher, and leaves room for what we keep beside."""
DEEPEST = 200
"""How deep objects and lists may be nested: Python itself reads little more."""
LONGEST_KEY = 64

_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\]]', re.DOTALL)
# Python makes no integer of more digits.
_MOST_DIGITS = 4000


class NotReadable(Exception):
    """Says why, in a sentence that quotes nothing of the user's."""


def interpret(key: str, text: str) -> Record | Refusal:
    """What the profile of ``key`` says. Never raises."""
    has = Decimal(0)
    try:
        profile = parse(text)
        has = said(profile.get("kisses"))
        require_id(key)
        return bounded(_record(key, profile), text)
    except NotReadable as error:
        return Refusal(shown_key(key), str(error), has)


def parse(text: str) -> dict[str, Any]:
    """Raises NotReadable for what is no object of JSON, as Python's own module reads it."""
    if text.count("{") + text.count("[") > DEEPEST and _depth(text) > DEEPEST:
        raise NotReadable(f"its value is nested deeper than {DEEPEST} levels")
    try:
        found = json.loads(text, strict=False)
    except json.JSONDecodeError:
        raise NotReadable(
            f"its value is no JSON, or more than {LARGEST // 1024**2} MiB of it"
        ) from None
    except ValueError:
        found = json.loads(text, strict=False, parse_int=_integer)
    if not isinstance(found, dict):
        raise NotReadable("its value is no JSON object")
    return found


def require_id(key: str) -> None:
    """Raises NotReadable."""
    user_id = canonical.user_id(key)
    if user_id is None:
        raise NotReadable("its key is no Telegram id")
    if user_id != key:
        raise NotReadable(
            "its key is not written as the old bot writes ids, which therefore never finds this "
            "user: write it without spaces, and without zeros in front"
        )


def bounded(record: Record, text: str) -> Record:
    """``record``, which was made from ``text``. Raises NotReadable if it is too large."""
    # The record is never a dozen times as long as the text that it was made from.
    if len(text) > LARGEST // 12 and len(record.user.model_dump_json().encode()) > LARGEST:
        raise NotReadable(f"its value has more than {LARGEST // 1024**2} MiB")
    return record


def shown_key(key: str) -> str:
    """The key, made safe to be shown in a report."""
    return canonical.argument(key)[:LONGEST_KEY]


def _record(user_id: str, profile: Mapping[str, Any]) -> Record:
    fields = Fields(profile)
    _compare_ids(fields, user_id)
    mark = _take_metadata(fields)
    claimed = fields.take_raw("last_daily_claim", "name")
    if claimed is not None:
        fields.put_back("last_daily_claim", claimed)
    user = OldUser(
        user_id=user_id,
        first_name=fields.take("first_name", values.name, FIRST_NAME),
        last_name=fields.take("last_name", values.name, None, "nothing"),
        username=fields.take("username", values.username, None, "name"),
        kisses=fields.take_kisses("kisses", default=KISSES),
        role=fields.take("role", values.role, "free"),
        vip_until=fields.take("vip_expiry", values.end, None, "name"),
        inventory=fields.take("inventory", values.things, ()),
        achievements=fields.take("achievements", values.things, ()),
        fragment=fields.take("current_narrative_fragment", values.thing, None, "name"),
        visited=fields.take("visited_fragments", values.things, (), "nothing"),
        choices=fields.take("narrative_choices", values.choices, {}),
        registered_at=fields.take("registered_at", values.moment, None, "nothing"),
        unplaced=fields.unplaced(),
    )
    return Record(user, tuple(fields.repairs), mark)


def _compare_ids(fields: Fields, user_id: str) -> None:
    """The old bot finds a user by their key, whatever stands in the profile."""
    value = fields.take_raw("telegram_id")
    if value is None:
        return
    is_number = isinstance(value, str | int) and not isinstance(value, bool)
    if not is_number or str(value).strip() != user_id:
        fields.note("telegram_id", "key_wins")


def _take_metadata(fields: Fields) -> int:
    """Take ``metadata`` and return its mark; the rest of it has no place here."""
    metadata = fields.take_raw("metadata")
    mark = 0
    ours = metadata.get(MARK) if isinstance(metadata, dict) else None
    if _is_mark(ours) or (isinstance(ours, str) and ours.startswith(f"{GIVEN} ")):
        mark = ours if isinstance(ours, int) else 0
        metadata = {name: value for name, value in metadata.items() if name != MARK}
    if isinstance(metadata, dict) and [*metadata] == [STOOD]:
        metadata = metadata[STOOD]
    if metadata is not None and metadata != {}:
        fields.put_back("metadata", metadata)
    return mark


def _is_mark(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def said(value: Any) -> Decimal:
    """The number of besitos; 0 if none can be read."""
    try:
        return values.amount(value)
    except values.Unreadable:
        return Decimal(0)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits


def _depth(text: str) -> int:
    deepest = depth = 0
    for token in _BRACKETS.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        deepest = max(deepest, depth)
    return deepest
