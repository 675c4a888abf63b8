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
"""What the old bot gave to whoever came new."""

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
"""The old bot's names of those fields of which it is told what they are here; kisses apart."""


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
    """In UTC. Of a paying role, None: nobody has said when it ends."""
    inventory: tuple[str, ...] = ()
    """In their order; what somebody has twice stands there twice."""
    achievements: tuple[str, ...] = ()
    fragment: str | None = None
    visited: tuple[str, ...] = ()
    choices: Mapping[str, str] = Field(default_factory=dict)
    """What they chose, by the fragment in which they did."""
    registered_at: datetime | None = None
    unplaced: Mapping[str, Any] = Field(default_factory=dict)
    """What has no place here, by the old bot's names, as it stood in the store; see ``verbatim``. A
    name that has a place stands here when nothing could be made of its value: then its field has
    the default, and for as long as it has, this is what the old store says: see ``unplaced_yet``.
    """

    @property
    def unplaced_yet(self) -> Mapping[str, Any]:
        """``unplaced``, without what has got a value since that the old store is told. Kisses have
        at once: those that were posted."""
        return {
            name: value
            for name, value in self.unplaced.items()
            if name != "kisses" and (name not in WRITTEN or self._is_default(WRITTEN[name]))
        }

    def _is_default(self, field: str) -> bool:
        # When it ended that somebody paid says nothing of who does not.
        is_over = field == "vip_until" and self.role == "free"
        return is_over or getattr(self, field) == OldUser.model_fields[field].get_default(
            call_default_factory=True
        )

    @property
    def digest(self) -> str:
        """Of everything: two that differ in anything have another one."""
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
    """What was not as it should be, and what it was taken for; never the value itself."""

    field: str
    how: How
    besitos: Decimal = Decimal(0)
    """By how much the store says more than the record has. What a store says is the sum of its
    users' kisses and of these."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry of the old store that can be imported."""

    user: OldUser
    repairs: tuple[Repair, ...] = ()
    mark: int = 0
    """Of which of our own writes it descends: see ``mirror``. 0: of none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that cannot be: ``key`` as the store names it, and a sentence that says why."""

    key: str
    reason: str
    besitos: Decimal = Decimal(0)
    """What the store says that they have, if that can be read: totals must add up."""
