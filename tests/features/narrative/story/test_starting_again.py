"""Readers start again with the hints that they have, so that some come to where no newcomer can."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.narrative.story.test_giving_up import choice, page, story
from yabot.errors import StoryInvalid
from yabot.features.narrative.story.graph import Edge, Graph
from yabot.features.narrative.story.parser import examine_story
from yabot.features.narrative.story.traps import find_traps

State = tuple[str, frozenset[str]]
PAGES, HINTS = "abcdef", "klm"


def two_ways(*ways_of_the_room: dict[str, object]) -> str:
    """Each way finds one hint and ends; the key, which is no way into the room, opens it later."""
    fragments = {
        "a": page(
            choice("left", "end", unlocks_hint="key"),
            choice("right", "end", unlocks_hint="lamp"),
            choice("door", "room", requires_hint="key"),
        ),
        "room": page(*ways_of_the_room),
        "end": page() | {"ending": True},
    }
    return story(fragments, ["key", "lamp"], start="a")


def test_whoever_comes_again_with_a_hint_may_be_trapped() -> None:
    with pytest.raises(StoryInvalid) as raised:
        examine_story(two_ways(choice("out", "end", requires_hint="lamp")), "tale.yaml")
    (problem,) = raised.value.problems
    assert "fragment 'room' is a trap: a reader may lack the hints" in problem


def test_whoever_comes_again_can_go_where_their_hint_leads() -> None:
    found = examine_story(two_ways(choice("out", "end", requires_hint="key")), "tale.yaml")
    assert found.unproved == ()


def test_hints_of_earlier_times_do_not_multiply_what_has_to_be_played() -> None:
    """Either of two hints leads on from each hall; whoever starts again may have any of them."""
    halls = 10
    fragments = {f"hall{halls}": page() | {"ending": True}}
    for n in range(halls):
        on = [choice(f"on_{side}", f"hall{n + 1}", requires_hint=f"{side}{n}") for side in "ab"]
        fragments[f"hall{n}"] = page(*on, *(choice(f"to_{side}", f"{side}{n}") for side in "ab"))
        for side in "ab":
            back = choice("back", f"hall{n}", unlocks_hint=f"{side}{n}")
            fragments[f"{side}{n}"] = page(back)
    hints = [f"{side}{n}" for n in range(halls) for side in "ab"]
    assert examine_story(story(fragments, hints, start="hall0"), "tale.yaml").unproved == ()


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    hints = st.none() | st.sampled_from(HINTS)
    edges = {
        source: [
            Edge(source, draw(st.sampled_from(PAGES)), draw(hints), draw(hints))
            for _ in range(draw(st.integers(1, 3)))
        ]
        for source in PAGES[:-1]
    }
    earned = draw(st.frozensets(st.sampled_from(HINTS), max_size=1))
    return Graph(
        edges={**edges, PAGES[-1]: []},
        start=PAGES[0],
        entrances=[PAGES[0], *draw(st.lists(st.sampled_from(PAGES), max_size=1))],
        goals=frozenset(PAGES[-1]),
        vip=draw(st.frozensets(st.sampled_from(PAGES[1:]), max_size=2)),
        earnings=[frozenset(), *([earned] if earned else [])],
    )


@given(graphs(), st.booleans())
def test_traps_are_where_a_reader_who_plays_everything_gets_stuck(graph: Graph, vip: bool) -> None:
    found = find_traps(graph, vip=vip)
    assert found.certain == {name for name, _ in _stuck(graph, vip=vip)}
    assert not found.unproved


def _stuck(graph: Graph, *, vip: bool) -> set[State]:
    """By the rules alone: with all hints told apart, and no fragment left out."""
    closed = frozenset() if vip else graph.vip
    played: dict[State, set[State]] = {}
    waiting: list[State] = [(e, had) for e in graph.entrances for had in graph.earnings]
    while waiting:
        state = waiting.pop()
        if state[0] not in closed and state not in played:
            played[state] = set(_steps(graph, state, closed))
            waiting += [*played[state], ("a", state[1])]
    done = {state for state in played if state[0] in graph.goals}
    while more := {state for state, onward in played.items() if onward & done} - done:
        done |= more
    return played.keys() - done


def _steps(graph: Graph, state: State, closed: frozenset[str]) -> Iterator[State]:
    name, hints = state
    for edge in graph.edges[name]:
        asked = {edge.requires} & graph.obtainable_hints() - hints
        if edge.target and edge.target not in closed and not asked:
            yield edge.target, hints | ({edge.unlocks} if edge.unlocks else set())
