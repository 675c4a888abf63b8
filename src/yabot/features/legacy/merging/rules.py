"""Merges what both sides have done to a user since they last agreed. These are the rules of
docs/features/legacy.md, without clock and store.

Nothing is done twice: what is applied of ``theirs`` is its difference from ``base``, and ``theirs``
is the next base.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from yabot.features.legacy.record import WRITTEN, OldUser, Role
from yabot.features.legacy.sources.verbatim import AS_TEXT

NAMES = ("first_name", "last_name", "username")
SELDOM_SAID = ("last_name", "visited")
"""The old bot has no fields for these; others have."""
ENDLESS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Term:
    """A paying role, and until when; None: nobody has said."""

    role: Role
    until: datetime | None

    @property
    def lasts(self) -> tuple[datetime, bool]:
        """The key by which terms compare: a later end is more, at the same end a better role."""
        return self.until or ENDLESS, self.role == "vip"


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change here. What is empty, false or 0 stays as it is."""

    names: Mapping[str, str | None] = field(default_factory=dict)
    kisses: int = 0
    """How many to add; below 0, to take: never more than there are."""
    changes_term: bool = False
    term: Term | None = None
    """With ``changes_term``, None ends the subscription at once."""
    gained: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    achievements: tuple[str, ...] = ()
    moves: bool = False
    fragment: str | None = None
    visited: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    unplaced: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    """Keys of what has no place here, and is not in the old store any more."""
    conflicts: tuple[str, ...] = ()
    """The fields in which one side did not get what it wanted, in the order of their names."""

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return self != Changes(conflicts=self.conflicts)

    def applied_to(self, ours: OldUser) -> OldUser:
        """``ours`` after these changes."""
        things = Counter(ours.inventory)
        things.update(self.gained)
        things.subtract(self.lost)
        values: dict[str, Any] = {
            **self.names,
            "kisses": ours.kisses + self.kisses,
            "inventory": tuple(things.elements()),
            "achievements": (*ours.achievements, *self.achievements),
            "visited": (*ours.visited, *self.visited),
            "choices": {**ours.choices, **self.choices},
            "unplaced": {**_without(ours.unplaced, self.dropped), **self.unplaced},
        }
        if self.changes_term:
            values |= {
                "role": self.term.role if self.term else "free",
                "vip_until": self.term.until if self.term else None,
            }
        if self.moves:
            values["fragment"] = self.fragment
        return ours.model_copy(update=values)


def merge(base: OldUser | None, theirs: OldUser, ours: OldUser | None) -> Changes:
    """``base``: what both sides agreed on last, if ever. ``ours``: None if the user is not here."""
    if base is not None and ours is not None and theirs == base:
        return Changes()
    ours = ours or nobody(theirs)
    before = base or nobody(theirs)
    kisses, short = _kisses(base, theirs, ours)
    changes_term, term, rival = _term(base, theirs, ours)
    gained, lost, missing = _things(base, theirs, ours)
    moves, elsewhere = _moves(base, theirs, ours)
    choices, otherwise = _choices(base, theirs, ours)
    names, called = _names(base, theirs, ours)
    conflicts = {
        "kisses": short,
        "role": rival,
        "inventory": missing,
        "fragment": elsewhere,
        "choices": otherwise,
        **dict.fromkeys(called, True),
    }
    return Changes(
        names=names,
        kisses=kisses,
        changes_term=changes_term,
        term=term,
        gained=gained,
        lost=lost,
        achievements=_new(theirs.achievements, before.achievements, ours.achievements),
        moves=moves,
        fragment=theirs.fragment if moves else None,
        visited=_new(theirs.visited, before.visited, ours.visited),
        choices=choices,
        unplaced=_other_values(before.unplaced, theirs.unplaced, ours.unplaced),
        dropped=_gone(base, theirs, ours) if base else (),
        conflicts=tuple(sorted(name for name, is_one in conflicts.items() if is_one)),
    )


def nobody(theirs: OldUser) -> OldUser:
    """The user before anything but the names is here."""
    return OldUser(
        user_id=theirs.user_id,
        first_name=theirs.first_name,
        last_name=theirs.last_name,
        username=theirs.username,
    )


def differing(ours: OldUser, theirs: OldUser) -> tuple[str, ...]:
    """The fields in which they differ; the order of lists does not count.

    The day of registration is not compared, as only one side may know it; nor are fields that the
    old bot does not have, where it says nothing.
    """
    here, there = _as_compared(ours), _as_compared(theirs)
    return tuple(
        name
        for name in here
        if here[name] != there[name] and not (name in SELDOM_SAID and not there[name])
    )


def term_of(user: OldUser) -> Term | None:
    """None: they do not pay."""
    return None if user.role == "free" else Term(user.role, user.vip_until)


def _as_compared(user: OldUser) -> Mapping[str, Any]:
    return {
        **{name: getattr(user, name) for name in (*NAMES, "kisses", "role")},
        "vip_until": user.vip_until if user.role != "free" else None,
        "inventory": Counter(user.inventory),
        "achievements": set(user.achievements),
        "fragment": user.fragment,
        "visited": set(user.visited),
        "choices": user.choices,
        "unplaced": user.unplaced_yet,
    }


def _names(
    base: OldUser | None, theirs: OldUser, ours: OldUser
) -> tuple[dict[str, str | None], list[str]]:
    """The names to take, and those in conflict. Ours win: Telegram told them. Theirs win if only
    the old store has changed them since both agreed."""
    changed = [
        name for name in NAMES if base is not None and getattr(theirs, name) != getattr(base, name)
    ]
    taken = [name for name in changed if getattr(ours, name) == getattr(base, name)]
    left = [name for name in changed if getattr(ours, name) != getattr(theirs, name)]
    return (
        {name: getattr(theirs, name) for name in taken},
        [name for name in left if name not in taken],
    )


def _kisses(base: OldUser | None, theirs: OldUser, ours: OldUser) -> tuple[int, bool]:
    """The difference to post, and whether there is less here than was to be taken."""
    wanted = theirs.kisses - (base.kisses if base else 0)
    possible = max(wanted, -ours.kisses)
    return possible, possible != wanted


def _term(base: OldUser | None, theirs: OldUser, ours: OldUser) -> tuple[bool, Term | None, bool]:
    """Whether the term changes, to what, and whether one side's term was passed over.

    Without a base, no term in the old store means nothing: nobody has ended one.
    """
    agreed = term_of(base) if base else None
    told, kept = term_of(theirs), term_of(ours)
    if told in (agreed, kept):
        return False, None, False
    if kept in (agreed, None):
        return True, told, False
    if told is None or told.lasts <= kept.lasts:
        return False, None, True
    return True, told, True


def _things(
    base: OldUser | None, theirs: OldUser, ours: OldUser
) -> tuple[Mapping[str, int], Mapping[str, int], bool]:
    """What comes, what goes, and whether something was to go that is not here."""
    before, now = Counter(base.inventory if base else ()), Counter(theirs.inventory)
    wanted = before - now
    lost = wanted & Counter(ours.inventory)
    return now - before, lost, lost != wanted


def _moves(base: OldUser | None, theirs: OldUser, ours: OldUser) -> tuple[bool, bool]:
    """Whether the reader moves to theirs; and whether they stay although theirs has moved."""
    agreed = base.fragment if base else None
    if theirs.fragment in (agreed, ours.fragment):
        return False, False
    stays = ours.fragment != agreed
    return not stays, stays


def _choices(
    base: OldUser | None, theirs: OldUser, ours: OldUser
) -> tuple[Mapping[str, str], bool]:
    """The choices to take, and whether both sides have chosen differently in any fragment."""
    agreed = base.choices if base else {}
    new = {
        fragment: choice
        for fragment, choice in theirs.choices.items()
        if choice not in (agreed.get(fragment), ours.choices.get(fragment))
    }
    taken = {
        fragment: choice
        for fragment, choice in new.items()
        if ours.choices.get(fragment) == agreed.get(fragment)
    }
    return taken, len(taken) != len(new)


def _new(theirs: Iterable[str], *known: Iterable[str]) -> tuple[str, ...]:
    there = set(chain(*known))
    return tuple(name for name in dict.fromkeys(theirs) if name not in there)


def _other_values(
    base: Mapping[str, Any], theirs: Mapping[str, Any], ours: Mapping[str, Any]
) -> dict[str, Any]:
    """What the old store has changed, where that is not here yet."""
    changed = {
        key: _merged(base.get(key), value, ours.get(key))
        for key, value in theirs.items()
        if key not in base or base[key] != value
    }
    return {key: value for key, value in changed.items() if key not in ours or ours[key] != value}


def _gone(base: OldUser, theirs: OldUser, ours: OldUser) -> tuple[str, ...]:
    """Our unplaced keys that the old store has dropped, or has a readable value for since."""
    return tuple(
        name
        for name in ours.unplaced
        if name not in theirs.unplaced and (name in base.unplaced or _has_new(name, base, theirs))
    )


def _has_new(name: str, base: OldUser, theirs: OldUser) -> bool:
    field = WRITTEN.get(name)
    return field is not None and getattr(base, field) != getattr(theirs, field)


def _merged(base: Any, theirs: Any, ours: Any) -> Any:
    """Two objects are merged member by member; any other value is theirs."""
    if not (_has_members(theirs) and _has_members(ours)):
        return theirs
    before = base if _has_members(base) else {}
    gone = [key for key in before if key not in theirs]
    return {**_without(ours, gone), **_other_values(before, theirs, ours)}


def _has_members(value: Any) -> bool:
    return isinstance(value, Mapping) and AS_TEXT not in value


def _without(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in set(names)}
