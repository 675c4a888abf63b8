"""The rules that hold between fragments: every reader can go on, and can come to an end."""

from collections.abc import Iterator

from yabot.features.narrative.story.draft import ChoiceDraft, FragmentDraft, StoryDraft
from yabot.features.narrative.story.graph import Graph
from yabot.features.narrative.story.links import resolve
from yabot.features.narrative.story.problems import Problems
from yabot.features.narrative.story.traps import find_traps

Found = Iterator[tuple[int, str]]


def check_story(draft: StoryDraft, problems: Problems) -> frozenset[str]:
    """Note every broken link, dead end, unreachable fragment, useless hint and trap.

    Returns the fragments from which it is not proved that every reader can reach an ending.
    """
    graph = resolve(draft, problems)
    for_vip = find_traps(graph, vip=True)
    for_free = find_traps(graph, vip=False) if graph.vip else for_vip

    def finishing(draft: StoryDraft, graph: Graph) -> Found:
        return _finishing(draft, graph, for_vip.certain, for_free.certain)

    rules = (_endings, _start, _reachable, _hints, finishing)
    for rule in rules:
        for line, sentence in rule(draft, graph):
            problems.add(line, sentence)
    return (for_vip.unproved | for_free.unproved) - for_vip.certain - for_free.certain


def _endings(draft: StoryDraft, _graph: Graph) -> Found:
    for fragment in draft.fragments.values():
        if fragment.metadata.ending and fragment.choices:
            yield fragment.line, f"{fragment.owner} is an ending, so it cannot have choices"
        if not fragment.metadata.ending and fragment.choices is not None and not fragment.choices:
            yield (
                fragment.line,
                f"{fragment.owner} is a dead end: give it choices, or say ending: true",
            )


def _start(draft: StoryDraft, graph: Graph) -> Found:
    if draft.start and draft.start.id in graph.vip:
        yield draft.start.line, f"start '{draft.start.id}' is VIP only: no newcomer could begin"


def _reachable(draft: StoryDraft, graph: Graph) -> Found:
    if not graph.entrances:
        return
    for fragment_id in draft.fragments.keys() - graph.reachable():
        fragment = draft.fragments[fragment_id]
        yield fragment.line, f"{fragment.owner} is unreachable: no way from the start leads to it"


def _hints(draft: StoryDraft, graph: Graph) -> Found:
    unlocked = {edge.unlocks for edge in graph.all_edges()}
    for hint in draft.hints.values():
        if hint.id not in unlocked and hint.earned is None:
            yield (
                hint.line,
                f"hint '{hint.id}' is never unlocked: no choice has it as unlocks_hint, and it has "
                "no earned",
            )
    obtainable, reachable = graph.obtainable_hints(), graph.reachable()
    for fragment, choice, required in _required(draft, graph):
        if fragment.id in reachable and required not in obtainable:
            yield (
                choice.requires_hint.line if choice.requires_hint else choice.line,
                f"{choice.owner} can never appear: no reader can have hint '{required}' before it",
            )


def _required(draft: StoryDraft, graph: Graph) -> Iterator[tuple[FragmentDraft, ChoiceDraft, str]]:
    for fragment in draft.fragments.values():
        for choice, edge in zip(fragment.choices or (), graph.edges[fragment.id], strict=True):
            if edge.requires:
                yield fragment, choice, edge.requires


def _finishing(
    draft: StoryDraft, graph: Graph, with_vip: frozenset[str], without_vip: frozenset[str]
) -> Found:
    """``with_vip`` and ``without_vip`` are the traps for readers with and without VIP."""
    hopeless = draft.fragments.keys() - graph.finishing()
    for_all = with_vip - hopeless
    for_free = without_vip - hopeless - for_all
    for fragment in draft.fragments.values():
        if fragment.id in hopeless:
            yield fragment.line, f"{fragment.owner}: no ending can be reached from here"
        if fragment.id in for_all:
            yield (
                fragment.line,
                f"{fragment.owner} is a trap: a reader may lack the hints that every way "
                "from here to an ending asks for",
            )
        if fragment.id in for_free:
            yield (
                fragment.line,
                f"{fragment.owner} is a trap for readers without VIP: every way from here to "
                "an ending is VIP only, or asks for a hint that they may lack",
            )
