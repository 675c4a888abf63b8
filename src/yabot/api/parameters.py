"""Parameters that many operations take, each in the one form by which the program knows it."""

from typing import Annotated

from fastapi import Path, Query

from yabot.outside import STORY_ID

USER_ID = "^[1-9][0-9]{0,15}$"
UserId = Annotated[
    str,
    Path(
        pattern=USER_ID,
        description="Telegram's id of the user.",
        examples=["123456789"],
    ),
]
StoryId = Annotated[str, Path(pattern=f"^{STORY_ID}$", description="As the story's file names it.")]
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many of them.")]
