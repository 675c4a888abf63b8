"""The fragments as a graph of choices, and walks over it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Node = TypeVar("Node")


@dataclass(frozen=True)
class Edge:
    """A choice. ``target`` is None if the file does not say clearly where the choice leads."""

    source: str
    target: str | None
    unlocks: str | None
    requires: str | None


@dataclass(frozen=True)
class Graph:
    """``entrances`` are the fragments where readers begin or are moved to; ``start`` is where they
    begin and restart, None if the file does not say it clearly.

    ``goals`` are the fragments that need no way on: endings, and those whose missing or unclear
    choices were noted as a mistake already. ``earnings`` are the sets of hints that besitos alone
    may have unlocked for a reader, from the empty set to all of them.
    """

    edges: Mapping[str, Sequence[Edge]]
    start: str | None
    entrances: Sequence[str]
    goals: frozenset[str]
    vip: frozenset[str]
    earnings: Sequence[frozenset[str]]

    def reachable(self) -> set[str]:
        """The fragments that some chain of choices leads to."""
        forward = {
            source: [edge.target for edge in edges if edge.target is not None]
            for source, edges in self.edges.items()
        }
        return walk(self.entrances, forward)

    def finishing(self) -> set[str]:
        """The fragments from which some chain of choices leads to a goal."""
        return walk(self.goals, self.backward())

    def backward(self) -> dict[str, list[str]]:
        """By fragment, the fragments that have a choice leading to it."""
        found: dict[str, list[str]] = {}
        for edge in self.all_edges():
            if edge.target is not None:
                found.setdefault(edge.target, []).append(edge.source)
        return found

    def obtainable_hints(self) -> set[str]:
        """The hints that a reader can find without needing them first."""
        hints, visited = set(self.earnings[-1]), set(self.entrances)
        # Each choice is looked at when its fragment is reached, and again when its hint is found.
        waiting = [edge for entrance in visited for edge in self.edges[entrance]]
        locked: dict[str, list[Edge]] = {}
        while waiting:
            edge = waiting.pop()
            if edge.requires is not None and edge.requires not in hints:
                locked.setdefault(edge.requires, []).append(edge)
                continue
            if edge.target is not None and edge.target not in visited:
                visited.add(edge.target)
                waiting += self.edges[edge.target]
            if edge.unlocks is not None:
                hints.add(edge.unlocks)
                waiting += locked.pop(edge.unlocks, ())
        return hints

    def all_edges(self) -> Iterable[Edge]:
        return (edge for edges in self.edges.values() for edge in edges)


def walk(starts: Iterable[Node], ways: Mapping[Node, Iterable[Node]]) -> set[Node]:
    visited = set(starts)
    waiting = list(visited)
    while waiting:
        for node in ways.get(waiting.pop(), ()):
            if node not in visited:
                visited.add(node)
                waiting.append(node)
    return visited
