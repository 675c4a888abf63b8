"""Text to YAML nodes, each of which knows its line. Nothing is constructed from them."""

import re

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.error import MarkedYAMLError
from yaml.events import AliasEvent
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import Resolver
from yaml.scanner import Scanner

from yabot.error_text import unquoted
from yabot.features.narrative.story.problems import Problems
from yabot.lookalikes import odd_indentation

MAX_BYTES = 2_000_000
MAX_DEPTH = 20
OUT_OF_RANGE = "not valid YAML: a number of a character, or of its version, is out of range"
# YAML counts these as line ends and editors do not, so that our line numbers would be wrong.
_ODD_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


class _Refused(MarkedYAMLError):
    """Valid YAML that a story file must not contain."""


class _Loader(Reader, Scanner, Parser, Composer, SafeConstructor, Resolver):
    """Composes nodes; refuses aliases and deep nesting, with which small files grow huge."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        Resolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: object) -> yaml.Node | None:
        if self.check_event(AliasEvent):
            raise self._refuse("aliases (*name) are not allowed; write the text out")
        if self._depth == MAX_DEPTH:
            raise self._refuse(f"nested deeper than {MAX_DEPTH} levels")
        self._depth += 1
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self._depth -= 1
        return node

    def _refuse(self, sentence: str) -> _Refused:
        return _Refused(problem=sentence, problem_mark=self.peek_event().start_mark)  # type: ignore[no-untyped-call]


def load_tree(text: str, problems: Problems) -> yaml.Node:
    """The file's root node. Raises StoryInvalid where the text is no YAML that we read."""
    _refuse_unreadable(text, problems)
    loader = None
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise problems.fatal(line, odd_indentation(text, line) or _sentence(error)) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise problems.fatal(
            line, f"the character U+{error.character:04X} is not allowed"
        ) from None
    except (ValueError, OverflowError):
        # PyYAML computes with whatever a file says of a character or of its version.
        raise problems.fatal(loader.line + 1 if loader else 1, OUT_OF_RANGE) from None
    if root is None:
        raise problems.fatal(1, "the file is empty")
    return root


def _refuse_unreadable(text: str, problems: Problems) -> None:
    if len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        raise problems.fatal(1, f"a story file may have {MAX_BYTES // 1_000_000} MB at most")
    if odd := _ODD_LINE_ENDS.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise problems.fatal(line, f"the line end U+{ord(odd[0]):04X} is not allowed; use Enter")


def _sentence(error: MarkedYAMLError) -> str:
    if isinstance(error, _Refused):
        return str(error.problem)
    said = " ".join(part for part in (error.context, error.problem) if part)
    return f"not valid YAML: {unquoted(said)}{_advice(error.problem or '')}"


def _advice(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return " (a text with ': ' in it needs quotes, or a block: |-)"
    if "cannot start any token" in problem:
        return " (a text that begins like this needs quotes, or a block: |-)"
    return ""
