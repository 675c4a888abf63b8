"""Where a reader can get stuck, by playing every way through the story."""

from collections.abc import Iterator
from dataclasses import dataclass

from yabot.features.narrative.story.graph import Edge, Graph, walk

# The states grow with the fragments and, at worst, double with every hint. What lies beyond
# this many is taken to be in order: the check may miss a trap, and never invents one.
MAX_STATES = 50_000


@dataclass(frozen=True)
class State:
    """Where a reader stands, and the hints that they have."""

    fragment: str
    hints: frozenset[str]


def trapped_fragments(graph: Graph, *, vip: bool) -> set[str]:
    """The fragments where a reader (with or without VIP) may stand and have no way to an end."""
    return _Exploration(graph, vip).stuck()


class _Exploration:
    def __init__(self, graph: Graph, vip: bool) -> None:
        self._graph = graph
        self._closed = frozenset() if vip else graph.vip
        # Only hints that open something tell states apart. One that nobody can have is a
        # mistake by itself; what it closes counts as open here, to tell that mistake once.
        required = {edge.requires for edge in graph.all_edges() if edge.requires}
        self._keys = required & graph.obtainable_hints()
        self._came_from: dict[State, list[State]] = {}
        self._good: list[State] = []

    def stuck(self) -> set[str]:
        self._play()
        finishing = walk(self._good, self._came_from)
        return {state.fragment for state in self._came_from if state not in finishing}

    def _play(self) -> None:
        waiting = self._beginnings()
        self._came_from = {state: [] for state in waiting}
        while waiting:
            state = waiting.pop()
            if state.fragment in self._graph.goals or len(self._came_from) > MAX_STATES:
                self._good.append(state)
                continue
            for following in self._steps(state):
                if following not in self._came_from:
                    self._came_from[following] = []
                    waiting.append(following)
                self._came_from[following].append(state)

    def _beginnings(self) -> list[State]:
        """Hints that are earned may come at any time. They are here from the beginning or never:
        what a reader can do before they come, they can do with them, too.
        """
        found = {
            State(entrance, earned & self._keys): None
            for entrance in sorted(set(self._graph.entrances) - self._closed)
            for earned in self._graph.earnings
        }
        return list(found)

    def _steps(self, state: State) -> Iterator[State]:
        for edge in self._graph.edges[state.fragment]:
            shut = edge.requires in self._keys - state.hints or edge.target in self._closed
            if edge.target is not None and not shut:
                yield State(edge.target, state.hints | self._key(edge))

    def _key(self, edge: Edge) -> frozenset[str]:
        return frozenset({edge.unlocks} & self._keys) if edge.unlocks else frozenset()
