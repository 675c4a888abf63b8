"""Resolves every id in a draft; the result is a graph without dangling references."""

from collections.abc import Mapping

from yabot.features.narrative.story.draft import ChoiceDraft, FragmentDraft, Ref, StoryDraft
from yabot.features.narrative.story.graph import Edge, Graph
from yabot.features.narrative.story.problems import Guesses, Problems, suggestion


def resolve(draft: StoryDraft, problems: Problems) -> Graph:
    """The graph of the draft's choices; notes every reference to something that does not exist.

    A misspelt id is read as the closest known one, so that one mistake gives one line.
    """
    return _Links(draft, problems).graph()


class _Links:
    def __init__(self, draft: StoryDraft, problems: Problems) -> None:
        self._draft = draft
        self._problems = problems
        self._fragments = Guesses(draft.fragments)
        self._hints = Guesses(draft.hints)

    def graph(self) -> Graph:
        fragments = self._draft.fragments.values()
        edges = {fragment.id: self._edges(fragment) for fragment in fragments}
        start = self._fragment("start", self._draft.start)
        return Graph(
            edges=edges,
            start=start,
            entrances=[entrance for entrance in (start, *self._moved_to()) if entrance],
            goals=frozenset(f.id for f in fragments if _is_goal(f, edges[f.id])),
            vip=frozenset(f.id for f in fragments if f.metadata.vip_required),
            earnings=self._earnings(),
        )

    def _moved_to(self) -> list[str | None]:
        return [self._moved(old, new) for old, new in self._draft.moved.items()]

    def _earnings(self) -> list[frozenset[str]]:
        """The empty set, and one for each amount: each includes the hints of lower amounts."""
        costs = {hint.id: hint.earned for hint in self._draft.hints.values() if hint.earned}
        steps = [0, *sorted(set(costs.values()))]
        return [frozenset(id_ for id_, cost in costs.items() if cost <= step) for step in steps]

    def _moved(self, old: Ref, new: Ref) -> str | None:
        where = f"moved '{old.id}'"
        if old.id in self._draft.fragments:
            self._problems.add(old.line, f"{where}: fragment '{old.id}' still exists; drop one")
        if new.id in {ref.id for ref in self._draft.moved} - self._draft.fragments.keys():
            sentence = f"'{new.id}' has moved itself; name the fragment where it went"
            self._problems.add(new.line, f"{where}: {sentence}")
            return None
        return self._fragment(f"{where}: fragment", new)

    def _edges(self, fragment: FragmentDraft) -> list[Edge]:
        return [self._edge(fragment.id, choice) for choice in fragment.choices or ()]

    def _edge(self, source: str, choice: ChoiceDraft) -> Edge:
        return Edge(
            source=source,
            target=self._fragment(f"{choice.owner}: next", choice.next),
            unlocks=self._hint(f"{choice.owner}: unlocks_hint", choice.unlocks_hint),
            requires=self._hint(f"{choice.owner}: requires_hint", choice.requires_hint),
        )

    def _fragment(self, where: str, ref: Ref | None) -> str | None:
        return self._find(where, ref, self._draft.fragments, self._fragments)

    def _hint(self, where: str, ref: Ref | None) -> str | None:
        return self._find(where, ref, self._draft.hints, self._hints)

    def _find(
        self, where: str, ref: Ref | None, known: Mapping[str, object], guesses: Guesses
    ) -> str | None:
        if ref is None or ref.id in known:
            return ref.id if ref else None
        guess = guesses.closest(ref.id)
        self._problems.add(ref.line, f"{where} '{ref.id}' does not exist{suggestion(guess)}")
        return guess


def _is_goal(fragment: FragmentDraft, edges: list[Edge]) -> bool:
    unclear = any(edge.target is None for edge in edges)
    return fragment.metadata.ending or not edges or unclear
