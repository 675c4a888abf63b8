"""What readers read stands in the Fluent files, in both languages, and nowhere else."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Message, VariableReference
from fluent.syntax.visitor import Visitor

from tests.architecture.modules import SOURCE, modules, tree_of
from tests.complaints import complain
from yabot.app.features import FEATURES
from yabot.bot.localization import FRAMEWORK_TEXTS, LANGUAGES

FOLDERS = [FRAMEWORK_TEXTS, *(each.texts for each in FEATURES if each.texts)]
COMMANDS = {command: feature for feature in FEATURES for command in feature.commands}
# What a handler hands over to a reader: its first argument is what they read.
SAYS = {"say", "acknowledge"}
LETTERS = re.compile(r"[^\W\d_]{2,}")
TAG = re.compile(r"</?[a-z]+>")
BOTH = "add it to es.ftl and en.ftl"


@dataclass(frozen=True)
class Text:
    file: Path
    line: int
    variables: frozenset[str]

    @property
    def place(self) -> str:
        return f"{_shown(self.file)}:{self.line}"


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802
        self.names.add(node.id.name)


@cache
def _texts(file: Path) -> dict[str, Text]:
    content = file.read_text(encoding="utf-8")
    found: dict[str, Text] = {}
    for entry in FluentParser().parse(content).body:
        assert entry.span is not None
        line = content.count("\n", 0, entry.span.start) + 1
        if not isinstance(entry, Message):
            complain([f"{_shown(file)}:{line}: this is no text: write `key = words`"])
        elif (known := found.get(entry.id.name)) is not None:
            complain([f"{_shown(file)}:{line}: {entry.id.name} stands in line {known.line}, too"])
        else:
            found[entry.id.name] = Text(file, line, _variables(entry))
    return found


def _variables(message: Message) -> frozenset[str]:
    found = _Variables()
    found.visit(message)
    return frozenset(found.names)


@cache
def _all_keys() -> frozenset[str]:
    """Also those that one language lacks: that is told of by one test, and not by all."""
    files = [folder / f"{language}.ftl" for folder in FOLDERS for language in LANGUAGES]
    return frozenset(key for file in files for key in _texts(file))


def _shown(path: Path) -> str:
    return str(path.relative_to(SOURCE.parents[1]))


def _trees() -> list[tuple[Path, ast.Module]]:
    """The code that has to do with readers."""
    rooms = {"api", "bot", "features", "log"}
    found = (module for module in modules() if module.relative_to(SOURCE).parts[0] in rooms)
    return [(module, tree_of(module)) for module in found]


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for module, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args:
                yield module, node


def _strings() -> set[str]:
    """Every string in that code."""
    return {
        node.value
        for _, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_both_languages_have_the_same_keys_and_variables(folder: Path) -> None:
    complain(_differences(folder))


def _differences(folder: Path) -> Iterator[str]:
    whose, files = folder.parent.name, [folder / f"{language}.ftl" for language in LANGUAGES]
    for file, other in (files, files[::-1]):
        for key, text in _texts(other).items():
            mine = _texts(file).get(key)
            if mine is None:
                yield f"{whose}: {file.name} lacks {key}, which stands in {text.place}"
            else:
                for variable in sorted(text.variables - mine.variables):
                    yield (
                        f"{whose}: {key} has no ${variable} in {mine.place}, and has it in "
                        f"{text.place}"
                    )


def test_no_key_is_declared_twice() -> None:
    places = [
        (key, text.place) for folder in FOLDERS for key, text in _texts(folder / "es.ftl").items()
    ]
    often = Counter(key for key, _ in places)
    complain(f"{place}: {key} stands elsewhere, too" for key, place in places if often[key] > 1)


@pytest.mark.standard
def test_every_key_that_the_code_asks_for_exists() -> None:
    asked = [
        (f"{_shown(module)}:{call.lineno}", call.args[0].value)
        for module, call in _calls()
        if isinstance(call.func, ast.Name) and call.func.id == "t"
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    ]
    assert asked
    of_commands = [
        (f"{owner.name}: /{name}", f"command-{name}") for name, owner in COMMANDS.items()
    ]
    of_reasons = [
        (place, f"besitos-reason-{reason}") for place, reason in _reasons("award", "spend")
    ]
    complain(
        f"{place} needs a text {key}, and there is none: {BOTH}"
        for place, key in (*asked, *of_commands, *of_reasons)
        if key not in _all_keys()
    )


def _reasons(*functions: str) -> set[tuple[str, str]]:
    """The words with which the code says what besitos are for, each with its place, where it calls
    these or any.
    """
    return {
        (f"{_shown(module)}:{keyword.value.lineno}", keyword.value.value)
        for module, call in _calls()
        if not functions or getattr(call.func, "attr", "") in functions
        for keyword in call.keywords
        if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant)
        if isinstance(keyword.value.value, str)
    }


@pytest.mark.standard
def test_every_text_is_used() -> None:
    """By its key, or by one that the code puts together from a command, a language, a reason."""
    words = (*COMMANDS, *LANGUAGES, *(reason for _, reason in _reasons()))
    strings = _strings()
    prefixes = [string for string in strings if string.endswith("-")]
    used = strings | {prefix + word for prefix in prefixes for word in words}
    complain(
        f"{text.place}: nobody says {key}: remove it, from the other language too"
        for folder in FOLDERS
        for key, text in _texts(folder / "es.ftl").items()
        if key not in used
    )


@pytest.mark.standard
def test_no_text_for_readers_stands_in_the_code() -> None:
    complain(
        f"{_shown(module)}:{call.lineno}: readers are told words that stand in the code: {BOTH}, "
        "and say t(its key)"
        for module, call in _calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr in SAYS
        if LETTERS.search(TAG.sub("", "".join(_literal_parts(call.args[0]))))
    )


def _literal_parts(argument: ast.expr) -> Iterator[str]:
    """What is written out in a string or between the parts of an f-string."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.JoinedStr):
        for part in argument.values:
            yield from _literal_parts(part)
    elif isinstance(argument, ast.BinOp):
        yield from _literal_parts(argument.left)
        yield from _literal_parts(argument.right)
