"""What a story is. The parser makes these models, MongoDB stores their fields."""

import hashlib
import json
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict, StringConstraints

from yabot.canonical import STORY_ID

ID_PATTERN = f"^{STORY_ID}$"
LANGUAGE_PATTERN = r"^[a-z]{2}$"
MAX_BESITOS = 1000
MAX_EARNED = 1_000_000
MAX_CHOICES = 8
MAX_DIFFICULTY = 5
REVISION_LENGTH = 12

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Texts = dict[Language, Text]
Besitos = Annotated[int, Field(ge=1, le=MAX_BESITOS)]
Earned = Annotated[int, Field(ge=1, le=MAX_EARNED)]
# Both MongoDB and JSON hand a tuple back as a list.
FromList = Strict(False)


class StoryModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Choice(StoryModel):
    """A button under a fragment; with ``requires_hint`` only those see it who have the hint."""

    id: Id
    text: Texts
    next_fragment: Id
    unlocks_hint: Id | None = None
    requires_hint: Id | None = None


class FragmentMetadata(StoryModel):
    """``reactions`` says which emoji pays how many besitos."""

    tags: Annotated[tuple[Id, ...], FromList] = ()
    vip_required: bool = False
    difficulty: Annotated[int, Field(ge=1, le=MAX_DIFFICULTY)] = 1
    reactions: dict[str, Besitos] = Field(default_factory=dict)
    ending: bool = False


class Fragment(StoryModel):
    """One scene: ``title`` is plain text, ``content`` is Telegram HTML (see ``markup``)."""

    fragment_id: Id
    title: Texts
    content: Texts
    choices: Annotated[tuple[Choice, ...], FromList, Field(max_length=MAX_CHOICES)] = ()
    metadata: FragmentMetadata = FragmentMetadata()

    @cached_property
    def revision(self) -> str:
        """Like the story's revision, for this fragment alone."""
        return _fingerprint(self)


class Hint(StoryModel):
    """Something the reader finds out and keeps: ``title`` is plain text, ``text`` Telegram HTML.

    Who has earned as many besitos as ``earned`` says gets it without any choice.
    """

    id: Id
    title: Texts
    text: Texts
    earned: Earned | None = None


class Story(StoryModel):
    """A whole story. The first language is the one to fall back on."""

    story: Id
    languages: Annotated[tuple[Language, ...], FromList, Field(min_length=1)]
    start: Id
    moved: dict[Id, Id] = Field(default_factory=dict)
    fragments: dict[Id, Fragment]
    hints: dict[Id, Hint] = Field(default_factory=dict)

    @cached_property
    def revision(self) -> str:
        """The content's fingerprint: equal stories have equal revisions."""
        return _fingerprint(self)

    def with_fragment(self, fragment: Fragment) -> "Story":
        """A copy, with ``fragment`` in place of the one with the same id."""
        kept = {name: getattr(self, name) for name in Story.model_fields}
        fragments = {**self.fragments, fragment.fragment_id: fragment}
        return Story(**{**kept, "fragments": fragments})

    def hints_within(self, earned: int) -> list[Hint]:
        """The hints that a reader with ``earned`` besitos gets, the cheapest first."""
        within = [hint for hint in self.hints.values() if hint.earned and hint.earned <= earned]
        return sorted(within, key=lambda hint: hint.earned or 0)


def _fingerprint(model: StoryModel) -> str:
    canonical = json.dumps(model.model_dump(), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:REVISION_LENGTH]


def removed_without_move(old_ids: Iterable[str], story: Story) -> list[str]:
    """The old fragments that ``story`` neither has nor moves."""
    return sorted(set(old_ids) - story.fragments.keys() - story.moved.keys())
