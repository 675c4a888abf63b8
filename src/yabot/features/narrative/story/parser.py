"""From the text of a story file to a story."""

from dataclasses import dataclass

from yabot.features.narrative.story.checks import check_story
from yabot.features.narrative.story.model import Story
from yabot.features.narrative.story.problems import Problems
from yabot.features.narrative.story.reader import read_story
from yabot.features.narrative.story.value import Value
from yabot.yaml_nodes import Unreadable, compose


@dataclass(frozen=True, slots=True)
class Examined:
    story: Story
    # The fragments from which it is not proved that every reader can reach an ending.
    unproved: tuple[str, ...]

    @property
    def moved_to_vip(self) -> tuple[str, ...]:
        """The removed fragments whose readers are moved to one that is VIP only. That is no
        mistake: the old one may have been VIP only, too.
        """
        fragments, moved = self.story.fragments, self.story.moved
        return tuple(sorted(old for old in moved if fragments[moved[old]].metadata.vip_required))


def parse_story(text: str, file_name: str) -> Story:
    """Like ``examine_story``, for callers that only need the story."""
    return examine_story(text, file_name).story


def examine_story(text: str, file_name: str) -> Examined:
    """Parse and check ``text``; ``file_name`` is used in messages only.

    Raises StoryInvalid with all mistakes, each as ``file:line: sentence``.
    """
    problems = Problems(file_name)
    try:
        root = compose(text)
    except Unreadable as error:
        raise problems.fatal(error.line, str(error)) from None
    draft = read_story(Value(root, 1, owner="", name="the story", problems=problems))
    unproved = check_story(draft, problems)
    problems.raise_if_any()
    return Examined(draft.build(), tuple(sorted(unproved)))
