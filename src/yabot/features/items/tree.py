"""YAML as plain data, and the line of each of its parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.error import MarkedYAMLError
from yaml.events import AliasEvent
from yaml.reader import ReaderError

from yabot.error_text import unquoted
from yabot.lookalikes import odd_indentation

OUT_OF_RANGE = "not valid YAML: a number of a character, or of its version, is out of range"


class Unreadable(Exception):
    """The text is no YAML that we read; ``line`` counts from 1."""

    def __init__(self, line: int, sentence: str) -> None:
        self.line = line
        super().__init__(sentence)


class _Loader(yaml.BaseLoader):
    """Every scalar is a text: the name "No" is a word, not a boolean."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(AliasEvent):
            # With aliases a small file grows huge.
            line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
            raise Unreadable(line, "aliases (*name) are not allowed; write it out")
        return super().compose_node(parent, index)


@dataclass(frozen=True, slots=True)
class Tree:
    root: yaml.Node
    data: Any

    def line(self, path: Sequence[object]) -> int:
        """Of the deepest part on the way that is there."""
        node, line = self.root, self.root.start_mark.line
        for part in path:
            found = next((pair for pair in _pairs(node) if pair[0].value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        return line + 1

    def repeated(self) -> list[tuple[int, str]]:
        """Line and name of each key that stands in its mapping already."""
        return list(_repeated(self.root))


def read_tree(text: str) -> Tree:
    """Raises Unreadable."""
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            raise Unreadable(1, "the file is empty")
        return Tree(root, loader.construct_document(root))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = " ".join(part for part in (error.context, error.problem) if part)
        sentence = odd_indentation(text, line) or f"not valid YAML: {unquoted(said)}"
        raise Unreadable(line, sentence) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, f"the character U+{error.character:04X} is not allowed") from None
    except (ValueError, OverflowError):
        # PyYAML computes with whatever a file says of a character or of its version.
        raise Unreadable(loader.line + 1 if loader else 1, OUT_OF_RANGE) from None
    except RecursionError:
        raise Unreadable(1, "nested too deeply") from None


def _pairs(node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    return node.value if isinstance(node, yaml.MappingNode) else []


def _repeated(node: yaml.Node) -> Iterator[tuple[int, str]]:
    seen: set[object] = set()
    for key, value in _pairs(node):
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                yield key.start_mark.line + 1, str(key.value)
            seen.add(key.value)
        yield from _repeated(value)
