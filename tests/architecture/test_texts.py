"""What readers read stands in the Fluent files, in both languages, and nowhere else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Message, VariableReference
from fluent.syntax.visitor import Visitor

from tests.architecture.modules import SOURCE, modules, tree_of
from yabot.app.features import FEATURES
from yabot.bot.localization import FRAMEWORK_TEXTS, LANGUAGES

FOLDERS = [FRAMEWORK_TEXTS, *(each.texts for each in FEATURES if each.texts)]
COMMANDS = [command for feature in FEATURES for command in feature.commands]
# What a handler hands over to a reader: its first argument is what they read.
SAYS = {"say", "acknowledge"}
LETTERS = re.compile(r"[^\W\d_]{2,}")
TAG = re.compile(r"</?[a-z]+>")


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802
        self.names.add(node.id.name)


def _messages(folder: Path, language: str) -> dict[str, set[str]]:
    """The keys of a file, each with the variables that it uses."""
    resource = FluentParser().parse((folder / f"{language}.ftl").read_text(encoding="utf-8"))
    messages = [entry for entry in resource.body if isinstance(entry, Message)]
    assert len(messages) == len(resource.body), "the file holds something that is no message"
    return {message.id.name: _variables(message) for message in messages}


def _variables(message: Message) -> set[str]:
    found = _Variables()
    found.visit(message)
    return found.names


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


ALL_KEYS = {key for folder in FOLDERS for key in _messages(folder, LANGUAGES[0])}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_both_languages_have_the_same_keys_and_variables(folder: Path) -> None:
    first, *others = (_messages(folder, language) for language in LANGUAGES)
    assert all(other == first for other in others)


def test_no_key_is_declared_twice() -> None:
    declared = [key for folder in FOLDERS for key in _messages(folder, LANGUAGES[0])]
    assert sorted(declared) == sorted(set(declared))


@pytest.mark.standard
def test_every_key_that_the_code_asks_for_exists() -> None:
    asked = {
        (module.name, call.args[0].value)
        for module, call in _calls()
        if isinstance(call.func, ast.Name) and call.func.id == "t"
        if isinstance(call.args[0], ast.Constant)
    }
    assert asked
    assert {key for _, key in asked} <= ALL_KEYS
    assert {f"command-{command}" for command in COMMANDS} <= ALL_KEYS
    assert {f"besitos-reason-{reason}" for reason in _reasons("award", "spend")} <= ALL_KEYS


def _reasons(*functions: str) -> set[str]:
    """The words with which the code says what besitos are for, where it calls these or any."""
    return {
        keyword.value.value
        for _, call in _calls()
        if not functions or getattr(call.func, "attr", "") in functions
        for keyword in call.keywords
        if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant)
        if isinstance(keyword.value.value, str)
    }


@pytest.mark.standard
def test_every_text_is_used() -> None:
    """By its key, or by one that the code puts together from a command, a language, a reason."""
    words = (*COMMANDS, *LANGUAGES, *_reasons())
    prefixes = [string for string in _strings() if string.endswith("-")]
    put_together = {prefix + word for prefix in prefixes for word in words}
    assert ALL_KEYS - _strings() - put_together == set()


@pytest.mark.standard
def test_no_text_for_readers_stands_in_the_code() -> None:
    written = [
        f"{module.name}:{call.lineno}"
        for module, call in _calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr in SAYS
        if LETTERS.search(TAG.sub("", "".join(_literal_parts(call.args[0]))))
    ]
    assert written == []


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
