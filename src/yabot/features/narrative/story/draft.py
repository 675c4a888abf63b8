"""A story as its file has it: it may be wrong, and every part knows its line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yabot.features.narrative.story.model import (
    Choice,
    Fragment,
    FragmentMetadata,
    Hint,
    Story,
    Texts,
)


@dataclass(frozen=True)
class Ref:
    """An id that the file mentions."""

    id: str
    line: int


@dataclass(frozen=True)
class ChoiceDraft:
    id: str
    owner: str
    line: int
    text: Texts
    next: Ref | None
    unlocks_hint: Ref | None
    requires_hint: Ref | None

    def build(self) -> Choice:
        return Choice(
            id=self.id,
            text=self.text,
            next_fragment=_id(self.next) or "",
            unlocks_hint=_id(self.unlocks_hint),
            requires_hint=_id(self.requires_hint),
        )


@dataclass(frozen=True)
class FragmentDraft:
    """``choices`` is None where it is unclear whether there should be any: they could not be read,
    or there are none and ``ending`` could not be read.
    """

    id: str
    line: int
    title: Texts
    content: Texts
    choices: Sequence[ChoiceDraft] | None
    metadata: FragmentMetadata

    @property
    def owner(self) -> str:
        return f"fragment '{self.id}'"

    def build(self) -> Fragment:
        return Fragment(
            fragment_id=self.id,
            title=self.title,
            content=self.content,
            choices=tuple(choice.build() for choice in self.choices or ()),
            metadata=self.metadata,
        )


@dataclass(frozen=True)
class HintDraft:
    id: str
    line: int
    title: Texts
    text: Texts
    earned: int | None

    def build(self) -> Hint:
        return Hint(id=self.id, title=self.title, text=self.text, earned=self.earned)


@dataclass(frozen=True)
class StoryDraft:
    story: str
    languages: tuple[str, ...]
    start: Ref | None
    moved: Mapping[Ref, Ref]
    fragments: Mapping[str, FragmentDraft]
    hints: Mapping[str, HintDraft]

    def build(self) -> Story:
        """The story; only for a draft without mistakes."""
        return Story(
            story=self.story,
            languages=self.languages,
            start=_id(self.start) or "",
            moved={old.id: new.id for old, new in self.moved.items()},
            fragments={fragment.id: fragment.build() for fragment in self.fragments.values()},
            hints={hint.id: hint.build() for hint in self.hints.values()},
        )


def _id(ref: Ref | None) -> str | None:
    return ref.id if ref else None
