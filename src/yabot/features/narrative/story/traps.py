"""Where a reader can get stuck, by playing every way through the story."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from yabot.features.narrative.story.graph import Graph, walk

# The states grow with the fragments and, at worst, double with every hint. What lies beyond this
# many is not played: nothing is invented there, and nothing proved.
MAX_STATES = 50_000


@dataclass(frozen=True)
class State:
    """Where a reader stands, and the hints that they have, as far as they still matter: a bit for
    each, so that many states with many hints stay small.
    """

    fragment: str
    hints: int


@dataclass(frozen=True)
class Traps:
    # Where a reader may stand and have no way to an end.
    certain: frozenset[str]
    # Where nobody knows, because the search was given up.
    unproved: frozenset[str]


def find_traps(graph: Graph, *, vip: bool) -> Traps:
    """For readers with or without VIP."""
    suspected = _Exploration(graph, vip, again=False).traps()
    suspects = suspected.certain | suspected.unproved
    if not suspects:
        return Traps(frozenset(), frozenset())
    found = _Exploration(graph, vip, again=True).traps()
    return Traps(found.certain, found.unproved & suspects)


class _Exploration:
    """With ``again``, of all that readers can have when they start again with the hints that they
    had, which may be a great deal.

    Without, of the least that they can have: whoever comes through a locked door has its hint, from
    this time or an earlier one, and nothing else of earlier times. More hints close no way, so that
    a fragment from which each of these comes to an end is no trap; the others are suspected.
    """

    def __init__(self, graph: Graph, vip: bool, *, again: bool) -> None:
        self._graph = graph
        self._again = again
        self._closed = frozenset() if vip else graph.vip
        # Only hints that open something tell states apart. One that nobody can have is a
        # mistake by itself; what it closes counts as open here, to tell that mistake once.
        required = {edge.requires for edge in graph.all_edges() if edge.requires}
        keys = sorted(required & graph.obtainable_hints())
        self._keys = {key: 1 << place for place, key in enumerate(keys)}
        self._safe = self._finishing_without_hints()
        self._matters = self._required_ahead()
        self._came_from: dict[State, list[State]] = {}
        self._good: list[State] = []
        # Met, and not followed.
        self._given_up: list[State] = []
        self._visits: Counter[str] = Counter()
        self._waiting: list[tuple[int, int, State]] = []

    def traps(self) -> Traps:
        self._play()
        possibly = walk([*self._good, *self._given_up], self._came_from)
        return Traps(
            certain=frozenset(state.fragment for state in self._came_from.keys() - possibly),
            unproved=self._doubtful() if self._given_up else frozenset(),
        )

    def _doubtful(self) -> frozenset[str]:
        """Whoever was not followed might start again, and come anywhere."""
        return frozenset(self._graph.reachable() - self._safe - self._closed)

    def _finishing_without_hints(self) -> set[str]:
        """The fragments from which every reader comes to an end, whatever hints they have."""
        backward: dict[str, list[str]] = {}
        for edge in self._graph.all_edges():
            if edge.target and edge.target not in self._closed and edge.requires not in self._keys:
                backward.setdefault(edge.target, []).append(edge.source)
        return walk(self._graph.goals, backward)

    def _required_ahead(self) -> dict[str, int]:
        """By fragment, the hints that some choice there or later asks for. Where nobody can get
        stuck, none of them matters.
        """
        edges, backward = self._graph.edges, self._graph.backward()
        ahead = dict.fromkeys(edges, 0)
        waiting = list(edges) if edges.keys() - self._safe else []
        while waiting:
            fragment = waiting.pop()
            found = ahead[fragment]
            for edge in edges[fragment]:
                found |= self._key(edge.requires) | (ahead[edge.target] if edge.target else 0)
            if found != ahead[fragment]:
                ahead[fragment] = found
                waiting += backward.get(fragment, ())
        again = ahead[self._graph.start] if self._again and self._graph.start else 0
        return {fragment: found | again for fragment, found in ahead.items()}

    def _play(self) -> None:
        for beginning in self._beginnings():
            self._meet(beginning)
        while self._waiting:
            *_, state = heappop(self._waiting)
            if state.fragment in self._safe:
                self._good.append(state)
            if len(self._came_from) > MAX_STATES:
                self._given_up.append(state)
            else:
                self._follow(state)

    def _meet(self, state: State) -> None:
        """The fragments that were seen least are followed first: so that many are seen at all."""
        if state not in self._came_from:
            self._came_from[state] = []
            self._visits[state.fragment] += 1
            heappush(self._waiting, (self._visits[state.fragment], len(self._came_from), state))

    def _follow(self, state: State) -> None:
        for following, is_open in self._steps(state):
            self._meet(following)
            if is_open:
                self._came_from[following].append(state)
        # Whoever starts again keeps their hints. That is no way to an end: else nobody would ever
        # be stuck.
        start = self._graph.start
        if self._again and start and start not in self._closed:
            self._meet(self._state(start, state.hints))

    def _beginnings(self) -> list[State]:
        """Hints that are earned may come at any time. They are here from the beginning or never:
        what a reader can do before they come, they can do with them, too.
        """
        found = {
            self._state(entrance, sum(map(self._key, earned))): None
            for entrance in sorted(set(self._graph.entrances) - self._closed)
            for earned in self._graph.earnings
        }
        return list(found)

    def _steps(self, state: State) -> Iterator[tuple[State, bool]]:
        """With whether a reader who has no more than these hints can take them."""
        if state.fragment in self._graph.goals:
            return
        for edge in self._graph.edges[state.fragment]:
            lacking = self._key(edge.requires) & ~state.hints
            if edge.target is None or edge.target in self._closed or (lacking and self._again):
                continue
            hints = state.hints | lacking | self._key(edge.unlocks)
            yield self._state(edge.target, hints), not lacking

    def _state(self, fragment: str, hints: int) -> State:
        return State(fragment, hints & self._matters.get(fragment, 0))

    def _key(self, hint: str | None) -> int:
        """Its bit; none where it opens nothing."""
        return self._keys.get(hint, 0) if hint else 0
