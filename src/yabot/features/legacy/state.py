"""What the old bot knew of a user and has no place here, in their document."""

from typing import Any

from pydantic import ConfigDict, Field, RootModel

from yabot.storage.documents.parts import StatePart


class Unplaced(RootModel[dict[str, Any]]):
    """By the old bot's names of the fields."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    root: dict[str, Any] = Field(default_factory=dict)


LEGACY = StatePart("legacy", Unplaced)
