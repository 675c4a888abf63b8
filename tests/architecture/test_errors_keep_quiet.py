"""No error of a library is told in its own words: those quote what they complain of.

``yabot.error_text`` decides how an error is told; here is looked at who might pass it by.
"""

import ast
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import BaseModel

import yabot
from tests.architecture.modules import SOURCE, modules, tree_of

TALKS = {"str", "repr", "format"}
WORDS = {"message", "args", "description", "orig", "doc", "object"}


def models() -> Iterator[type[BaseModel]]:
    for module in pkgutil.walk_packages(yabot.__path__, "yabot."):
        if ".migrations" not in module.name:
            import_module(module.name)
    waiting = [BaseModel]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("yabot."):
            yield kind


def test_no_model_shows_what_it_was_given() -> None:
    shown = [each.__qualname__ for each in models() if not hides_input(each)]
    assert shown == []


def hides_input(model: type[BaseModel]) -> bool:
    return model.model_config.get("hide_input_in_errors", False)


def test_no_engine_shows_the_parameters_of_its_statements() -> None:
    made = [call for path in modules("create_engine") for call in calls(path, "create_engine")]
    assert len(made) >= 2
    for call in made:
        assert any(keyword.arg == "hide_parameters" for keyword in call.keywords)


def calls(path: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            yield node


@pytest.mark.standard
def test_nobody_repeats_a_librarys_words() -> None:
    repeated = [place for path in modules("except") for place in words_repeated(path)]
    assert repeated == [], "tell it by error_text or kind_of"


def words_repeated(path: Path) -> list[str]:
    tree = tree_of(path)
    ours = names_of_ours(tree)
    return [
        f"{path.relative_to(SOURCE)}:{line}"
        for handler in ast.walk(tree)
        if isinstance(handler, ast.ExceptHandler) and handler.name and not is_ours(handler, ours)
        for line in repetitions(handler)
    ]


def names_of_ours(tree: ast.Module) -> set[str]:
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("yabot")
        for alias in node.names
    }
    return imported | {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def is_ours(handler: ast.ExceptHandler, ours: set[str]) -> bool:
    assert handler.type is not None
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return all(isinstance(kind, ast.Name) and kind.id in ours for kind in kinds)


def repetitions(handler: ast.ExceptHandler) -> Iterator[int]:
    """Where the error becomes text. Looking for something in its words repeats nothing."""
    compared = {
        part
        for node in ast.walk(handler)
        if isinstance(node, ast.Compare)
        for part in ast.walk(node)
    }
    for node in ast.walk(handler):
        if node not in compared and makes_text_of(node, handler.name or ""):
            yield node.lineno  # type: ignore[attr-defined]


def makes_text_of(node: ast.AST, name: str) -> bool:
    def is_it(value: ast.AST) -> bool:
        return isinstance(value, ast.Name) and value.id == name

    if isinstance(node, ast.FormattedValue):
        return is_it(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in TALKS and any(map(is_it, node.args))
    return isinstance(node, ast.Attribute) and is_it(node.value) and node.attr in WORDS
