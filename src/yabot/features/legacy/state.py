"""The part of a user's document for what the old bot knew and has no other place here."""

from datetime import datetime
from typing import Any

from pydantic import Field

from yabot.features.legacy.record import Role
from yabot.storage.documents.model import FrozenModel
from yabot.storage.documents.parts import StatePart


class OldChoice(FrozenModel):
    fragment: str
    choice: str


class OldTerm(FrozenModel):
    """A subscription as the old bot tells it, where it cannot be kept as it is told."""

    role: Role
    until: str | None
    """In RFC 3339; None: it has no end, or there is no subscription."""
    given: datetime
    """When the subscription that stands for it here ends, in whole seconds."""


class OldThings(FrozenModel):
    """Names as the old bot wrote them."""

    names: dict[str, str] = Field(default_factory=dict)
    """By item id, for items that the user has or had, if the id alone does not tell the name."""
    unshelved: tuple[str, ...] = ()
    """Names for which no item was made."""


class Kept(FrozenModel):
    fields: dict[str, Any] = Field(default_factory=dict)
    """Other values, by the old bot's names, as they stood there."""
    inventory: OldThings = OldThings()
    achievements: OldThings = OldThings()
    term: OldTerm | None = None
    fragment: str | None = None
    """The current fragment, if its name cannot be a fragment's id here."""
    visited: tuple[str, ...] = ()
    choices: tuple[OldChoice, ...] = ()


LEGACY = StatePart("legacy", Kept)
