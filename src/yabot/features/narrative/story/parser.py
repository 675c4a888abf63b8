"""From the text of a story file to a story."""

from yabot.features.narrative.story.checks import check_story
from yabot.features.narrative.story.model import Story
from yabot.features.narrative.story.problems import Problems
from yabot.features.narrative.story.reader import read_story
from yabot.features.narrative.story.tree import load_tree
from yabot.features.narrative.story.value import Value


def parse_story(text: str, file_name: str) -> Story:
    """The story that ``text`` tells; ``file_name`` stands in the messages only.

    Raises StoryInvalid with all the mistakes at once, each as ``file:line: sentence``.
    """
    problems = Problems(file_name)
    root = Value(load_tree(text, problems), 1, owner="", name="the story", problems=problems)
    draft = read_story(root)
    check_story(draft, problems)
    problems.raise_if_any()
    return draft.build()
