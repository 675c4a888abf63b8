"""Where a reader can get stuck, by playing every way through the story."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from yabot.features.narrative.story.graph import Graph, walk

# The states grow with the fragments and, at worst, double with every hint. No more than this are
# played; about the rest nothing is claimed.
MAX_STATES = 50_000


@dataclass(frozen=True)
class State:
    """Where a reader stands, and which of the hints that still matter they have. Each hint is a
    bit, so that many states with many hints stay small.
    """

    fragment: str
    hints: int


@dataclass(frozen=True)
class Traps:
    # Fragments from which some reader can reach no ending.
    certain: frozenset[str]
    # Fragments about which nothing is known, because the search was given up.
    unproved: frozenset[str]


def find_traps(graph: Graph, *, vip: bool) -> Traps:
    """The traps for readers with or without VIP."""
    suspected = _Exploration(graph, vip, again=False).traps()
    suspects = suspected.certain | suspected.unproved
    if not suspects:
        return Traps(frozenset(), frozenset())
    found = _Exploration(graph, vip, again=True).traps()
    return Traps(found.certain, found.unproved & suspects)


class _Exploration:
    """With ``again``, explores every set of hints that readers can have, also after restarts, which
    keep hints: possibly very many.

    Without, explores the fewest hints: a reader who passes a locked choice has its hint, from this
    run or an earlier one, and no others from earlier runs. More hints close no way, so a fragment
    from which all of these readers reach an ending is no trap; other fragments are suspected.
    """

    def __init__(self, graph: Graph, vip: bool, *, again: bool) -> None:
        self._graph = graph
        self._again = again
        self._closed = frozenset() if vip else graph.vip
        # Only hints that open something distinguish states. A hint that nobody can have is a
        # mistake of its own; its choices count as open here, so that the mistake is noted once.
        required = {edge.requires for edge in graph.all_edges() if edge.requires}
        keys = sorted(required & graph.obtainable_hints())
        self._keys = {key: 1 << place for place, key in enumerate(keys)}
        self._safe = self._finishing_without_hints()
        self._matters = self._required_ahead()
        self._came_from: dict[State, list[State]] = {}
        self._good: list[State] = []
        # States that were found, but not followed.
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
        """A reader in a state that was not followed might restart, and come anywhere."""
        return frozenset(self._graph.reachable() - self._safe - self._closed)

    def _finishing_without_hints(self) -> set[str]:
        """The fragments from which every reader can reach an ending, whatever hints they have."""
        backward: dict[str, list[str]] = {}
        for edge in self._graph.all_edges():
            if edge.target and edge.target not in self._closed and edge.requires not in self._keys:
                backward.setdefault(edge.target, []).append(edge.source)
        return walk(self._graph.goals, backward)

    def _required_ahead(self) -> dict[str, int]:
        """By fragment, the hints that some choice there or later requires; none at all if nobody
        can get stuck anywhere.
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
        """Queue a new state; the least visited fragments come first, so that many are seen."""
        if state not in self._came_from:
            self._came_from[state] = []
            self._visits[state.fragment] += 1
            heappush(self._waiting, (self._visits[state.fragment], len(self._came_from), state))

    def _follow(self, state: State) -> None:
        for following, is_open in self._steps(state):
            self._meet(following)
            if is_open:
                self._came_from[following].append(state)
        # A reader who restarts keeps their hints. A restart is no way to an ending: otherwise
        # nobody would ever be stuck.
        start = self._graph.start
        if self._again and start and start not in self._closed:
            self._meet(self._state(start, state.hints))

    def _beginnings(self) -> list[State]:
        """The first states. Hints that are earned may come at any time; here they are there from
        the beginning or never, because with a hint a reader can do all that they can without it.
        """
        found = {
            self._state(entrance, sum(map(self._key, earned))): None
            for entrance in sorted(set(self._graph.entrances) - self._closed)
            for earned in self._graph.earnings
        }
        return list(found)

    def _steps(self, state: State) -> Iterator[tuple[State, bool]]:
        """The next states, each with whether this state's hints suffice to get there."""
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
        """The hint's bit; 0 if it opens nothing."""
        return self._keys.get(hint, 0) if hint else 0
