"""Compares one user on both sides, field by field, for an operator.

Numbers, roles, dates and the lengths of lists are shown. Names and texts belong to a reader: only
that they differ is said.
"""

from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yabot.clock import rfc3339
from yabot.features.legacy.merging.rules import differing
from yabot.features.legacy.record import OldUser


@dataclass(frozen=True, slots=True)
class Difference:
    """``theirs`` and ``ours`` in the form in which they may be shown; None: they may not be."""

    user_id: str
    field: str
    theirs: str | None = None
    ours: str | None = None

    @property
    def line(self) -> str:
        place = f"user {self.user_id}, {self.field}"
        if self.theirs is None or self.theirs == self.ours:
            return f"{place}: differs"
        return f"{place}: {self.theirs} in the old store, {self.ours} here"


def _moment(value: datetime | None) -> str:
    return "no end" if value is None else rfc3339(value)


def _length(value: Sized) -> str:
    return f"{len(value)} in all"


# The fields whose values are shown, and how.
_SHOWN: Mapping[str, Callable[[Any], str]] = {
    "kisses": str,
    "role": str,
    "vip_until": _moment,
    "inventory": _length,
    "achievements": _length,
    "visited": _length,
    "choices": _length,
}


def differences(theirs: OldUser, ours: OldUser) -> list[Difference]:
    """Both of one user."""
    return [_difference(field, theirs, ours) for field in differing(ours, theirs)]


def _difference(field: str, theirs: OldUser, ours: OldUser) -> Difference:
    shown = _SHOWN.get(field)
    if shown is None:
        return Difference(ours.user_id, field)
    old, new = shown(getattr(theirs, field)), shown(getattr(ours, field))
    return Difference(ours.user_id, field, old, new)
