"""Parameters that many operations take, each in the one form that the program uses."""

import re
from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, BeforeValidator, Field, WithJsonSchema

from yabot.canonical import STORY_ID

USER_ID = "^[1-9][0-9]{0,15}$"
# Names of kinds, types, states and groups.
NAME = "^[a-z][a-z0-9_]{0,63}$"
UserId = Annotated[
    str,
    Path(
        pattern=USER_ID,
        description="Telegram's id of the user.",
        examples=["123456789"],
    ),
]
StoryId = Annotated[str, Path(pattern=f"^{STORY_ID}$", description="As the story's file names it.")]


def _in_digits(value: str) -> str:
    """Stricter than pydantic, which also takes 1_0, and a sign."""
    if not re.fullmatch("[0-9]+", value):
        raise ValueError("write it in digits alone")
    return value


Limit = Annotated[
    # The bounds stand before the validator: only then are they documented.
    Annotated[int, Field(ge=1, le=200)],
    BeforeValidator(_in_digits),
    Query(description="At most so many of them."),
]

# A moment in UTC, in a year that any database takes.
_MOMENT = r"^2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"


def _as_we_write_it(value: str) -> str:
    """Stricter than pydantic, which also takes numbers and more."""
    if not re.fullmatch(_MOMENT.strip("^$"), value):
        raise ValueError("write it like 2026-11-28T09:30:00Z, in UTC")
    return value


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_as_we_write_it),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date-time",
            "pattern": _MOMENT,
            "example": "2026-11-28T09:30:00Z",
        }
    ),
]
