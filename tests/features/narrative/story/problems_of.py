"""What the parser says about a spoiled story."""

import pytest

from tests.features.narrative.stories import SMALL_STORY
from yabot.errors import StoryInvalid
from yabot.features.narrative.story import parse_story

FILE = "tale.yaml"


def problems_of(text: str) -> list[str]:
    with pytest.raises(StoryInvalid) as raised:
        parse_story(text, FILE)
    return list(raised.value.problems)


def spoiled(*changes: tuple[str, str]) -> str:
    """The small story with each (old, new) replaced; every old text must be there once."""
    text = SMALL_STORY
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def line_of(text: str, part: str) -> int:
    """The line, counted from 1, of the one place where ``part`` stands."""
    (found,) = [n for n, line in enumerate(text.split("\n"), start=1) if part in line]
    return found
