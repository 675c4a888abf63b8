"""Writes a user in the old bot's format; what has not changed here stays as it stood there.

Peculiarities, such as a number as text or an unknown field, are not corrected in passing: only
fields whose meaning has changed here are written anew.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from yabot.features.legacy.record import OldUser
from yabot.features.legacy.sources import verbatim
from yabot.features.legacy.sources.profile import MARK, STOOD, parse
from yabot.features.legacy.sources.values import MOST_THINGS

Profile = dict[str, Any]

MOST_WRITTEN = MOST_THINGS // 2
"""How many of a user's things are written: a list that is too long to be read back counts as empty.
"""


def mirrored(ours: OldUser, mark: int, found: str | None, theirs: OldUser | None) -> Profile:
    """``ours`` as a profile of the old bot's, with our ``mark``.

    ``found``: the JSON text that stands there, if any; ``theirs``: what that says.
    """
    if found is None or theirs is None:
        return _marked(_new(ours), mark)
    profile: Profile = parse(found)
    return _marked(_changed(profile, theirs, ours), mark)


def shows(ours: OldUser, found: str | None, theirs: OldUser | None) -> bool:
    """Whether ``found`` says all of ``ours`` already, as far as the old bot's format can say it."""
    if found is None or theirs is None:
        return False
    profile: Profile = parse(found)
    return _changed(dict(profile), theirs, ours) == profile


def _new(ours: OldUser) -> Profile:
    """A new profile, with its fields in the old bot's order."""
    return {
        "telegram_id": int(ours.user_id),
        "username": ours.username,
        "first_name": ours.first_name,
        "kisses": ours.kisses,
        "inventory": _new_list("inventory", ours.inventory, ours),
        "achievements": _new_list("achievements", ours.achievements, ours),
        "role": ours.role,
        "vip_expiry": _moment(ours.vip_until, None),
        "last_daily_claim": None,
        "current_narrative_fragment": ours.fragment,
        "narrative_choices": {**ours.choices},
        "metadata": {},
    } | verbatim.original(ours.unplaced_yet)


def _new_list(name: str, things: Sequence[str], ours: OldUser) -> list[Any]:
    stood = verbatim.original(ours.unplaced).get(name)
    return _beside(stood, things[:MOST_WRITTEN])


def _changed(profile: Profile, theirs: OldUser, ours: OldUser) -> Profile:
    """``profile``, which says ``theirs``, with the fields that differ in ``ours``."""
    new = {
        name: _plain(getattr(ours, field))
        for name, field in (_PLAIN | _SOMETIMES).items()
        if getattr(ours, field) != getattr(theirs, field) and (name in _PLAIN or name in profile)
    }
    if _end(ours) != _end(theirs):
        new["vip_expiry"] = _moment(_end(ours), profile.get("vip_expiry"))
    for name in ("inventory", "achievements"):
        before, after = getattr(theirs, name), getattr(ours, name)
        if Counter(before) == Counter(after):
            continue
        most = max(MOST_WRITTEN, len(before))
        stood = profile.get(name)
        cannot_be_read = name in theirs.unplaced
        listed = _beside(stood, after) if cannot_be_read else _list(stood, before, after)
        if len(listed) <= most:
            new[name] = listed
        elif not cannot_be_read:
            new[name] = [*after[:most]]
        # Otherwise the list there is too long to be read, and would be lost.
    if ours.choices != theirs.choices:
        new["narrative_choices"] = _choices(profile.get("narrative_choices"), theirs, ours)
    return profile | new | _unplaced(theirs.unplaced_yet, ours.unplaced_yet)


_PLAIN = {
    "username": "username",
    "first_name": "first_name",
    "kisses": "kisses",
    "role": "role",
    "current_narrative_fragment": "fragment",
}


# The old bot writes neither; another may have.
_SOMETIMES = {"last_name": "last_name", "visited_fragments": "visited"}


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value


def _end(user: OldUser) -> datetime | None:
    """When a paying role ends; None for a user who does not pay: a past end does not matter."""
    return None if user.role == "free" else user.vip_until


# A zone stands behind a time of day: digits behind a mere date may be a year.
_ZONE = re.compile(r"[T ]\d[\d:.]*\s*([Zz]|[+-]\d\d)")


def _moment(moment: datetime | None, stood: Any) -> str | None:
    """In UTC, as the old bot writes it: without a zone, unless one stood there."""
    if moment is None:
        return None
    told = moment.astimezone(UTC)
    plain = told.replace(tzinfo=None).isoformat()
    zone = _ZONE.search(stood) if isinstance(stood, str) else None
    if zone is None:
        return plain
    return plain + "Z" if zone[1] in "Zz" else told.isoformat()


def _list(stood: Any, before: Iterable[str], after: Iterable[str]) -> list[Any]:
    """``stood`` with what has come and without what has gone. Members that are no names stay."""
    if not isinstance(stood, list):
        return [*after]
    gone, come = Counter(before), Counter(after)
    gone, come = gone - come, come - gone
    kept = []
    for each in stood:
        if isinstance(each, str) and gone[each] > 0:
            gone[each] -= 1
        else:
            kept.append(each)
    return [*kept, *come.elements()] if not +gone else [*after]


def _beside(stood: Any, things: Iterable[str]) -> list[Any]:
    """``stood`` with the things that it lacks added; what cannot be read in it stays."""
    if not isinstance(stood, list):
        return [*things]
    names = [each for each in stood if isinstance(each, str)]
    return _list(stood, names, [*(Counter(names) | Counter(things)).elements()])


def _choices(stood: Any, theirs: OldUser, ours: OldUser) -> Mapping[str, Any]:
    if not isinstance(stood, dict):
        return {**ours.choices}
    kept = {
        name: value
        for name, value in stood.items()
        if name in ours.choices or name not in theirs.choices
    }
    new = {name: value for name, value in ours.choices.items() if theirs.choices.get(name) != value}
    return kept | new


def _unplaced(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Profile:
    """The fields that differ here. Fields missing here are not removed: they are unknown."""
    before, after = verbatim.original(theirs), verbatim.original(ours)
    return {
        name: value for name, value in after.items() if name not in before or before[name] != value
    }


def _marked(profile: Profile, mark: int) -> Profile:
    metadata = profile.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {} if metadata in (None, "") else {STOOD: metadata}
    return profile | {"metadata": {**metadata, MARK: mark}}
