"""Reads authors' YAML into nodes that know their lines; constructs no Python objects."""

import re

import yaml
from yaml.error import MarkedYAMLError
from yaml.events import AliasEvent, NodeEvent
from yaml.reader import ReaderError

from yabot.lookalikes import odd_indentation
from yabot.yaml_mends import LOST_WORD, line_of, sentence_of

MAX_BYTES = 2_000_000
MAX_DEPTH = 20
_OUT_OF_RANGE = "not valid YAML: a number of a character, or of its version, is out of range"
# YAML counts these as line ends, but editors do not: our line numbers would be wrong.
_ODD_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


class Unreadable(Exception):
    """The text is not YAML, or uses what we refuse; ``line`` counts from 1."""

    def __init__(self, line: int, sentence: str) -> None:
        self.line = line
        super().__init__(sentence)


class _Loader(yaml.SafeLoader):
    """Composes nodes. Refuses aliases and deep nesting, with which small files grow huge; also tags
    and anchors: most likely they were meant as a text's first word, which would get lost.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        if self.check_event(AliasEvent):
            raise self._refuse("aliases (*name) are not allowed; write the text out")
        if _is_marked(self.peek_event()):  # type: ignore[no-untyped-call]
            raise self._refuse(LOST_WORD)
        if self._depth == MAX_DEPTH:
            raise self._refuse(f"nested deeper than {MAX_DEPTH} levels")
        self._depth += 1
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        return node

    def _refuse(self, sentence: str) -> Unreadable:
        line = self.peek_event().start_mark.line + 1  # type: ignore[no-untyped-call]
        return Unreadable(line, sentence)


def _is_marked(event: NodeEvent) -> bool:
    """Whether YAML has read a word of the file as a tag (!word) or an anchor (&word)."""
    return event.anchor is not None or getattr(event, "tag", None) is not None


def compose(text: str) -> yaml.Node:
    """The root node of a file. Raises Unreadable."""
    _refuse_unreadable(text)
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except MarkedYAMLError as error:
        found = error.problem_mark.line + 1 if error.problem_mark else 1
        if odd := odd_indentation(text, found):
            raise Unreadable(found, odd) from None
        raise Unreadable(line_of(error), sentence_of(error)) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Unreadable(line, f"the character U+{error.character:04X} is not allowed") from None
    except (ValueError, OverflowError):
        # PyYAML converts any number that a file gives for a character or for its version.
        raise Unreadable(loader.line + 1 if loader else 1, _OUT_OF_RANGE) from None
    if root is None:
        raise Unreadable(1, "the file is empty")
    return root


def _refuse_unreadable(text: str) -> None:
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise Unreadable(1, f"a file may have {MAX_BYTES // 1_000_000} MB at most")
    if odd := _ODD_LINE_ENDS.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise Unreadable(line, f"the line end U+{ord(odd[0]):04X} is not allowed; use Enter")
