"""Replaces one fragment of a story, and checks the result by the rules of story files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yabot.errors import TerminalError
from yabot.features.narrative.story.checks import check_story
from yabot.features.narrative.story.draft import (
    ChoiceDraft,
    FragmentDraft,
    HintDraft,
    Ref,
    StoryDraft,
)
from yabot.features.narrative.story.fragment_reader import FragmentReader
from yabot.features.narrative.story.model import Choice, Fragment, Story
from yabot.features.narrative.story.places import Places
from yabot.features.narrative.story.problems import Problems
from yabot.features.narrative.story.texts import Languages
from yabot.features.narrative.story.value import Value

# The line of all that the story has already: a mistake there points to the whole fragment.
_ELSEWHERE = 1


@dataclass(frozen=True, slots=True)
class Mistake:
    """``pointer`` is a JSON pointer into the fragment's fields; empty for the whole fragment."""

    pointer: str
    sentence: str


class FragmentInvalid(TerminalError):
    """The story would break a rule with this fragment in it."""

    code = "fragment_invalid"

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(each.sentence for each in self.mistakes))


def revised(story: Story, fragment_id: str, fields: Mapping[str, object]) -> Story:
    """``story`` with the fragment replaced by ``fields``, which are as in a story file.

    Raises FragmentInvalid with all mistakes, also those that it causes elsewhere in the story.
    """
    problems, places = Problems(""), Places()
    root = Value(places.root(fields), _ELSEWHERE, owner="", name=fragment_id, problems=problems)
    draft = _drafted(story, FragmentReader(Languages(story.languages))(fragment_id, root))
    check_story(draft, problems)
    if problems.found:
        raise FragmentInvalid(Mistake(places.pointer(line), said) for line, said in problems.found)
    return draft.build()


def _drafted(story: Story, replacement: FragmentDraft) -> StoryDraft:
    fragments = {key: _fragment(fragment) for key, fragment in story.fragments.items()}
    return StoryDraft(
        story=story.story,
        languages=story.languages,
        start=_ref(story.start),
        moved={Ref(old, _ELSEWHERE): Ref(new, _ELSEWHERE) for old, new in story.moved.items()},
        fragments={**fragments, replacement.id: replacement},
        hints={
            hint.id: HintDraft(hint.id, _ELSEWHERE, hint.title, hint.text, hint.earned)
            for hint in story.hints.values()
        },
    )


def _fragment(fragment: Fragment) -> FragmentDraft:
    return FragmentDraft(
        id=fragment.fragment_id,
        line=_ELSEWHERE,
        title=fragment.title,
        content=fragment.content,
        choices=[_choice(fragment.fragment_id, choice) for choice in fragment.choices],
        metadata=fragment.metadata,
    )


def _choice(fragment_id: str, choice: Choice) -> ChoiceDraft:
    return ChoiceDraft(
        id=choice.id,
        owner=f"fragment '{fragment_id}', choice '{choice.id}'",
        line=_ELSEWHERE,
        text=choice.text,
        next=_ref(choice.next_fragment),
        unlocks_hint=_ref(choice.unlocks_hint),
        requires_hint=_ref(choice.requires_hint),
    )


def _ref(known: str | None) -> Ref | None:
    return Ref(known, _ELSEWHERE) if known else None
