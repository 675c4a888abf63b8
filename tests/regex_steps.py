"""Counts what a regular expression does: a backtracking matcher that keeps a tally.

``re`` itself cannot be asked how much it has tried, and a clock says something else on every
machine. This one reads the same parsed pattern and tries in the same order; that it finds what
``re`` finds is part of the tests that use it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any

# Private to ``re``: whether a type checker knows them depends on what else it has read.
ops: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

Item = tuple[Any, Any]


class Steps:
    """One pattern, and how many characters have been compared since it was made."""

    def __init__(self, pattern: str) -> None:
        self._items = list(parser.parse(pattern))
        self.taken = 0

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where ``re.finditer`` would find it."""
        self._text = text
        found, start = [], 0
        while start <= len(text):
            end = next(self._all(self._items, 0, start, ignoring_case=False), None)
            if end is None:
                start += 1
            else:
                found.append((start, end))
                start = max(end, start + 1)
        return found

    def _all(self, items: list[Item], first: int, at: int, *, ignoring_case: bool) -> Iterator[int]:
        if first == len(items):
            yield at
            return
        for middle in self._one(items[first], at, ignoring_case):
            yield from self._all(items, first + 1, middle, ignoring_case=ignoring_case)

    def _one(self, item: Item, at: int, i: bool) -> Iterator[int]:
        kind, detail = item
        if kind in (ops.SUBPATTERN, ops.BRANCH, ops.ATOMIC_GROUP):
            yield from self._group(kind, detail, at, i)
        elif kind in (ops.ASSERT, ops.ASSERT_NOT):
            direction, inner = detail
            if self._holds(list(inner), at, direction, i) is (kind is ops.ASSERT):
                yield at
        elif kind is ops.AT:
            yield from self._boundary(at)
        elif kind in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            yield from self._repeat(kind, detail, at, i)
        elif self._compare(item, at, i):
            yield at + 1

    def _group(self, kind: Any, detail: Any, at: int, i: bool) -> Iterator[int]:
        if kind is ops.ATOMIC_GROUP:
            yield from self._first(list(detail), at, i)
        elif kind is ops.BRANCH:
            for branch in detail[1]:
                yield from self._all(list(branch), 0, at, ignoring_case=i)
        else:
            _, added, _, inner = detail
            i = i or bool(added & re.IGNORECASE)
            yield from self._all(list(inner), 0, at, ignoring_case=i)

    def _first(self, items: list[Item], at: int, i: bool) -> list[int]:
        end = next(self._all(items, 0, at, ignoring_case=i), None)
        return [] if end is None else [end]

    def _holds(self, items: list[Item], at: int, direction: int, i: bool) -> bool:
        """Those that look back are one character wide here."""
        start = at if direction > 0 else at - 1
        return start >= 0 and bool(self._first(items, start, i))

    def _boundary(self, at: int) -> list[int]:
        def is_word(place: int) -> bool:
            return 0 <= place < len(self._text) and re.match(r"\w", self._text[place]) is not None

        self.taken += 1
        return [at] if is_word(at - 1) != is_word(at) else []

    def _repeat(
        self, kind: Any, detail: tuple[int, Any, list[Item]], at: int, i: bool
    ) -> Iterable[int]:
        least, most, inner = detail
        items = list(inner)
        if kind is ops.MIN_REPEAT:
            return self._lazily(items, at, least, most, i)
        ends = [at]
        while len(ends) <= (most if most is not ops.MAXREPEAT else len(self._text)):
            following = self._first(items, ends[-1], i)
            if not following or following == ends[-1:]:
                break
            ends += following
        reached = ends[least:]
        return reached[-1:] if kind is ops.POSSESSIVE_REPEAT else reversed(reached)

    def _lazily(self, items: list[Item], at: int, least: int, most: Any, i: bool) -> Iterator[int]:
        count = 0
        while True:
            if count >= least:
                yield at
            following = self._first(items, at, i) if count != most else []
            if not following:
                return
            [at] = following
            count += 1

    def _compare(self, item: Item, at: int, i: bool) -> bool:
        self.taken += 1
        if at >= len(self._text):
            return False
        character = self._text[at]
        variants = {character, character.lower(), character.upper()} if i else {character}
        return any(_fits(item, variant) for variant in variants)


_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    ops.CATEGORY_SPACE: str.isspace,
    ops.CATEGORY_NOT_SPACE: lambda character: not character.isspace(),
    ops.CATEGORY_DIGIT: str.isdecimal,
    ops.CATEGORY_WORD: lambda character: re.match(r"\w", character) is not None,
}


def _fits(item: Item, character: str) -> bool:
    kind, detail = item
    code = ord(character) if len(character) == 1 else -1
    if kind is ops.LITERAL:
        return bool(code == detail)
    if kind is ops.NOT_LITERAL:
        return bool(code != detail)
    if kind is ops.ANY:
        return character != "\n"
    if kind is ops.RANGE:
        return bool(detail[0] <= code <= detail[1])
    if kind is ops.CATEGORY:
        return _CATEGORIES[detail](character)
    assert kind is ops.IN, f"this matcher does not know {kind}"
    negated = detail[0][0] is ops.NEGATE
    return any(_fits(each, character) for each in detail[negated:]) is not negated
