"""One user of the old bot, in the one form in which this package knows them.

The sources read it from a store of the old bot, ``ours`` makes it from what the new stores hold:
merging, mirroring and verifying compare one with the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Literal

from pydantic import Field

from yabot.storage.documents.model import FrozenModel

FIRST_NAME = "Usuario"
KISSES = 5
"""How many the old bot gave to a new user."""

Role = Literal["free", "premium", "vip"]

WRITTEN: Mapping[str, str] = {
    "first_name": "first_name",
    "last_name": "last_name",
    "username": "username",
    "inventory": "inventory",
    "achievements": "achievements",
    "role": "role",
    "vip_expiry": "vip_until",
    "current_narrative_fragment": "fragment",
    "visited_fragments": "visited",
    "narrative_choices": "choices",
}
"""By the old bot's names, the fields whose values here are written to it, apart from kisses."""


class OldUser(FrozenModel):
    """Every text is storable, every number has bounds; names of things are as the old bot wrote
    them."""

    user_id: str
    """Telegram's, in the program's form."""
    first_name: str = FIRST_NAME
    last_name: str | None = None
    username: str | None = None
    kisses: int = Field(default=0, ge=0)
    role: Role = "free"
    vip_until: datetime | None = None
    """In UTC. None for a paying role: nobody has said when it ends."""
    inventory: tuple[str, ...] = ()
    """In their order; a thing that the user has twice is listed twice."""
    achievements: tuple[str, ...] = ()
    fragment: str | None = None
    visited: tuple[str, ...] = ()
    choices: Mapping[str, str] = Field(default_factory=dict)
    """What they chose, by the fragment in which they did."""
    registered_at: datetime | None = None
    unplaced: Mapping[str, Any] = Field(default_factory=dict)
    """What has no place here, by the old bot's names, as it stood in the store; see ``verbatim``.
    It also has the unreadable values of fields that do have a place: such a field has its default,
    and while it does, the old store keeps that value (see ``unplaced_yet``).
    """

    @property
    def unplaced_yet(self) -> Mapping[str, Any]:
        """``unplaced``, without fields that have a value by now, which the old store gets instead.
        Kisses have one at once: those that were posted."""
        return {
            name: value
            for name, value in self.unplaced.items()
            if name != "kisses" and (name not in WRITTEN or self._is_default(WRITTEN[name]))
        }

    def _is_default(self, field: str) -> bool:
        # The end of a paying role says nothing about a user who does not pay.
        is_over = field == "vip_until" and self.role == "free"
        return is_over or getattr(self, field) == OldUser.model_fields[field].get_default(
            call_default_factory=True
        )

    @property
    def digest(self) -> str:
        """A digest of all fields: users who differ in anything have different ones."""
        return blake2b(self.model_dump_json().encode(), digest_size=16).hexdigest()


How = Literal[
    "missing",  # nobody has said: the default
    "unreadable",  # nothing can be made of it: the default
    "unknown",  # a role that there is not: free
    "converted",  # of another type, such as a number as text
    "rewritten",  # spelled otherwise, such as a role in capitals
    "cleaned",  # without what no database stores or nobody sees
    "shortened",
    "rounded_down",
    "raised",  # less than nothing: to nothing
    "lowered",  # more than anybody can have
    "assumed_utc",  # a time that does not say where
    "key_wins",  # two ids of one user: the one by which the old bot finds them
    "left_out",  # from a list: what is nothing
    "kept_as_text",  # of what has no place: what no database stores, as JSON text
]
"""The whole list: a report has a sentence for each."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Which field was not as it should be, and how it was repaired; never the value itself."""

    field: str
    how: How
    besitos: Decimal = Decimal(0)
    """How many more the store says than the record has. The store's total is the sum of its users'
    kisses and of these."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry of the old store that can be imported."""

    user: OldUser
    repairs: tuple[Repair, ...] = ()
    mark: int = 0
    """The number of our write from which it descends (see ``mirror``); 0: from none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that cannot be imported: its ``key`` in the store, and a sentence that says why."""

    key: str
    reason: str
    besitos: Decimal = Decimal(0)
    """What the store says that they have, if that can be read: totals must add up."""
