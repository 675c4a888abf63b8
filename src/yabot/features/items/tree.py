"""YAML as plain data, and the line of each of its parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from yabot.yaml_nodes import Unreadable, compose


@dataclass(frozen=True, slots=True)
class Tree:
    root: yaml.Node
    data: Any

    def line(self, path: Sequence[object]) -> int:
        """The line of the deepest part of ``path`` that exists."""
        node, line = self.root, self.root.start_mark.line
        for part in path:
            found = next((pair for pair in _pairs(node) if pair[0].value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        return line + 1

    def repeated(self) -> list[tuple[int, str]]:
        """Line and name of each key that repeats an earlier one of its mapping."""
        return list(_repeated(self.root))


def read_tree(text: str) -> Tree:
    """Raises Unreadable."""
    root = compose(text)
    return Tree(root, _data(root))


def _data(node: yaml.Node) -> Any:
    """Every scalar is a text: the name "No" is a word, not a boolean."""
    if isinstance(node, yaml.MappingNode):
        return {_key(key): _data(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_data(each) for each in node.value]
    return node.value


def _key(node: yaml.Node) -> str:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    raise Unreadable(node.start_mark.line + 1, "a key must be text")


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _repeated(node: yaml.Node) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    for key, value in _pairs(node):
        if _key(key) in seen:
            yield key.start_mark.line + 1, _key(key)
        seen.add(_key(key))
        yield from _repeated(value)
