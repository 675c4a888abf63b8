"""Events on which a feature's subscribers may decide: with what their code compares in them."""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal, get_args, get_origin

from hypothesis import Phase, given, settings
from pydantic import ValidationError

import yabot.features
from tests.e2e.route import STORY
from tests.events.samples import payloads
from yabot.events.envelope import EventPayload
from yabot.feature import Feature
from yabot.features.narrative.events import ReactionDetected

PACKAGES = Path(yabot.features.__file__).parent
# Of each type, with whatever its fields take.
ARBITRARY = 2


def happenings(feature: Feature, kind: type[EventPayload]) -> list[EventPayload]:
    """Some of that type: arbitrary ones, all that differ in words of which a field has a choice,
    and for each number and word in the feature's code one in which a field is that, or next to it.
    """
    found = [*(reactions() if kind is ReactionDetected else ()), *_arbitrary(kind)]
    known, values = found[0].model_dump(), [*_numbers(feature.name), *_words(feature.name)]
    changes = [{name: value} for name in kind.model_fields for value in values]
    made = (_made(kind, {**known, **changed}) for changed in (*_chosen(kind), *changes))
    return [*found, *(each for each in made if each is not None)]


def reactions() -> Iterator[EventPayload]:
    """One that the story pays for."""
    for fragment in STORY.fragments.values():
        for emoji in fragment.metadata.reactions:
            yield ReactionDetected(content_id=fragment.fragment_id, reaction_type=emoji)
            return


def _arbitrary(kind: type[EventPayload]) -> Sequence[EventPayload]:
    found: list[EventPayload] = []

    @settings(max_examples=ARBITRARY, database=None, derandomize=True, phases=[Phase.generate])
    @given(payload=payloads(kind))
    def collect(payload: EventPayload) -> None:
        found.append(payload)

    collect()
    return found


def _chosen(kind: type[EventPayload]) -> Iterator[dict[str, object]]:
    choices = {name: _choices(field.annotation) for name, field in kind.model_fields.items()}
    several = {name: words for name, words in choices.items() if words}
    for combined in product(*several.values()):
        yield dict(zip(several, combined, strict=True))


def _choices(annotation: object) -> Sequence[object]:
    """None of a field that may be anything."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return [word for part in get_args(annotation) for word in _choices(part)]


def _made(kind: type[EventPayload], values: dict[str, object]) -> EventPayload | None:
    """None where the type does not take them."""
    try:
        return kind.model_validate(values)
    except ValidationError:
        return None


def _numbers(feature: str) -> list[int]:
    """Also their neighbours: what happens at one, may happen from it on, or below it."""
    found = (value for value in _constants(feature) if type(value) is int)
    return sorted({0, 1} | {near for each in found for near in (each - 1, each, each + 1)})


def _words(feature: str) -> list[str]:
    return sorted({value for value in _constants(feature) if isinstance(value, str)})


@cache
def _constants(feature: str) -> frozenset[object]:
    """Those with which its code compares or divides, and those that it has given a name."""
    files = (PACKAGES / feature).glob("*.py")
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text("utf-8")))]
    places = [each for node in nodes for each in _operands(node)]
    constants = (each.value for each in places if isinstance(each, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, int | str))


def _operands(node: ast.AST) -> Sequence[ast.AST]:
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return [*sides, *(one for each in sides for one in getattr(each, "elts", ()))]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.FloorDiv):
        return [node.right]
    is_named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).isupper()
    return [node.value] if isinstance(node, ast.Assign) and is_named else []
