"""What the old bot knew of a user and has no place here, in their document."""

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
    """When the subscription ends that stands for it here, in whole seconds."""


class OldThings(FrozenModel):
    """Names as the old bot wrote them."""

    names: dict[str, str] = Field(default_factory=dict)
    """Of items that the user has or had, by their ids here: those that cannot be told from it."""
    unshelved: tuple[str, ...] = ()
    """For these no item was made."""


class Kept(FrozenModel):
    fields: dict[str, Any] = Field(default_factory=dict)
    """By the old bot's names, as they stood there."""
    inventory: OldThings = OldThings()
    achievements: OldThings = OldThings()
    term: OldTerm | None = None
    fragment: str | None = None
    """Where they stood, if its name cannot be one of a fragment here."""
    visited: tuple[str, ...] = ()
    choices: tuple[OldChoice, ...] = ()


LEGACY = StatePart("legacy", Kept)
