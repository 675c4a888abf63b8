"""What checking a story takes grows with the story, not with its square: counted, not timed."""

import difflib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import CodeType, FrameType

import pytest

from tests.features.narrative.story.problems_of import problems_of
from tests.features.narrative.story.test_giving_up import Page, choice, page, story
from yabot.features.narrative.story.graph import Edge, Graph
from yabot.features.narrative.story.parser import parse_story
from yabot.features.narrative.story.problems import MAX_GUESSES

# Large stories, and each step of a search is counted.
pytestmark = pytest.mark.standard


class Counted(list[Edge]):
    """A fragment's choices, which know how often one was looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[Edge]:
        for edge in super().__iter__():
            Counted.looked_at += 1
            yield edge


def chain(rooms: int) -> str:
    """Each room but the first asks for the hint of the one before it."""
    fragments: dict[str, Page] = {
        "s0": page(choice("on", "s1", unlocks_hint="h0")),
        f"s{rooms}": page() | {"ending": True},
    }
    for n in range(1, rooms):
        hints = {"unlocks_hint": f"h{n}", "requires_hint": f"h{n - 1}"}
        fragments[f"s{n}"] = page(choice("on", f"s{n + 1}", **hints))
    return story(fragments, [f"h{n}" for n in range(rooms)], start="s0")


def astray(*ways: str) -> str:
    """A room for each of ``ways``, which lead from it; another choice leads to the end."""
    fragments: dict[str, Page] = {
        f"room{n}": page(choice("end", "end"), choice("on", way)) for n, way in enumerate(ways)
    }
    return story({**fragments, "end": page() | {"ending": True}}, [], start="room0")


def calls_of(code: CodeType, action: Callable[[], object]) -> int:
    found = 0

    def count(frame: FrameType, event: str, _told: object) -> None:
        nonlocal found
        found += event == "call" and frame.f_code is code

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return found


def test_what_is_reachable_is_not_asked_for_each_choice_that_requires_a_hint() -> None:
    few, many = (
        calls_of(Graph.reachable.__code__, partial(parse_story, chain(n), "tale.yaml"))
        for n in (3, 12)
    )
    assert many == few


def test_each_choice_is_looked_at_a_few_times_to_tell_which_hints_can_be_had() -> None:
    rooms = 100
    edges = {
        f"s{n}": Counted([Edge(f"s{n}", f"s{n + 1}", f"h{n}", f"h{n - 1}" if n else None)])
        for n in range(rooms)
    }
    graph = Graph(
        edges={**edges, f"s{rooms}": Counted()},
        start="s0",
        entrances=["s0"],
        goals=frozenset({f"s{rooms}"}),
        vip=frozenset(),
        earnings=[frozenset()],
    )
    Counted.looked_at = 0
    assert graph.obtainable_hints() == {f"h{n}" for n in range(rooms)}
    assert Counted.looked_at <= 3 * rooms


def test_a_word_that_is_nowhere_is_sought_once_and_many_are_not_sought_at_all() -> None:
    sought = difflib.get_close_matches.__code__
    same = astray(*["hall"] * 5)
    assert calls_of(sought, lambda: problems_of(same)) == 1
    all_other = astray(*(f"hall{n}" for n in range(MAX_GUESSES + 20)))
    assert calls_of(sought, lambda: problems_of(all_other)) == MAX_GUESSES


def test_capitals_are_seen_through_however_many_there_are() -> None:
    wrong = MAX_GUESSES + 20
    problems = problems_of(astray(*(f"Room{n + 1}" for n in range(wrong)), "room0"))
    assert len(problems) == wrong
    assert all("does not exist; did you mean 'room" in problem for problem in problems)
