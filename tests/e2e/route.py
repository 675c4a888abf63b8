"""The way through a story to whatever has not been seen yet: a search over the story itself."""

from collections import deque
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from yabot.features.narrative.story.demo import DEMO_FILE, demo_story
from yabot.features.narrative.story.model import Choice, Fragment, Story
from yabot.features.narrative.story.parser import parse_story

STORY = parse_story(demo_story(), DEMO_FILE)
Hints = frozenset[str]


@dataclass
class Walk:
    """Where a reader without a subscription stands, and what they have left behind."""

    story: Story = field(default_factory=lambda: STORY)
    here: str = STORY.start
    hints: Hints = frozenset()
    completed: set[str] = field(default_factory=set)

    @property
    def fragment(self) -> Fragment:
        return self.story.fragments[self.here]

    def open_choices(self) -> list[Choice]:
        return [choice for choice in self.fragment.choices if _open(choice, self.hints)]

    def take(self, choice: Choice) -> None:
        self.completed.add(self.here)
        self.hints = _with(self.hints, choice)
        self.here = choice.next_fragment

    def start_again(self) -> None:
        self.here = self.story.start

    def to_any_of(self, fragment_ids: Container[str]) -> list[Choice]:
        """The fewest choices that lead to one of these; empty when none does."""
        return self._search(lambda choice: choice.next_fragment in fragment_ids)

    def _search(self, wanted: Callable[[Choice], bool]) -> list[Choice]:
        queue: deque[tuple[str, Hints, list[Choice]]] = deque([(self.here, self.hints, [])])
        met = {(self.here, self.hints)}
        while queue:
            here, hints, path = queue.popleft()
            for choice in self.story.fragments[here].choices:
                if not _open(choice, hints) or self.is_shut(choice):
                    continue
                if wanted(choice):
                    return [*path, choice]
                state = (choice.next_fragment, _with(hints, choice))
                if state not in met:
                    met.add(state)
                    queue.append((*state, [*path, choice]))
        return []

    def is_shut(self, choice: Choice) -> bool:
        return self.story.fragments[choice.next_fragment].metadata.vip_required


def endings(story: Story) -> set[str]:
    return {name for name, fragment in story.fragments.items() if fragment.metadata.ending}


def behind_the_door(story: Story) -> set[str]:
    """The fragments that only a subscription opens."""
    return {name for name, fragment in story.fragments.items() if fragment.metadata.vip_required}


def earned(story: Story) -> set[str]:
    """The fragments that only a hint opens which comes with besitos."""
    choices = [choice for fragment in story.fragments.values() for choice in fragment.choices]
    paid = {choice.next_fragment for choice in choices if _is_earned(story, choice)}
    return paid - {choice.next_fragment for choice in choices if not _is_earned(story, choice)}


def _is_earned(story: Story, choice: Choice) -> bool:
    hint = story.hints.get(choice.requires_hint or "")
    return hint is not None and hint.earned is not None


def _open(choice: Choice, hints: Hints) -> bool:
    return choice.requires_hint is None or choice.requires_hint in hints


def _with(hints: Hints, choice: Choice) -> Hints:
    return hints if choice.unlocks_hint is None else hints | {choice.unlocks_hint}
