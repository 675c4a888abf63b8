"""A function that makes a statement changes nothing: whoever calls it has to use what it gives.

``repository.erase(user_id)`` on a line of its own looks like a deletion and does nothing. Types do
not find that.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.modules import SOURCE, modules, tree_of

pytestmark = pytest.mark.standard

FORGETFUL = """
from yabot.features.users import repository
from yabot.features.users.repository import erase as forget
from yabot.log.audit import audited

def _own(user_id: str) -> Statement[None]: ...

def delete(self, work, user):
    work.add(repository.hold(user))
    repository.erase(user)
    forget(user)
    audited("deleted", {})
    _own(user)
    self._intake.finished(1, "done")
    self._users.erase(work, user)
"""


def name_of(path: Path) -> str:
    return ".".join(("yabot", *path.relative_to(SOURCE).with_suffix("").parts))


def trees() -> Mapping[str, ast.Module]:
    return {name_of(path): tree_of(path) for path in modules()}


def test_nobody_forgets_a_statement() -> None:
    found = [
        f"{module}:{line}" for module, tree in trees().items() for line in forgotten(module, tree)
    ]
    assert found == [], "give it to the unit of work: work.add(…)"


def test_every_way_of_forgetting_one_is_found() -> None:
    tree = ast.parse(FORGETFUL)
    lines = [FORGETFUL.split("\n")[line - 1].strip() for line in forgotten("sample", tree)]
    assert lines == [
        "repository.erase(user)",
        "forget(user)",
        'audited("deleted", {})',
        "_own(user)",
        'self._intake.finished(1, "done")',
    ]


def makers(body: Sequence[ast.stmt]) -> dict[str, bool]:
    """The functions in it by their names, and whether each makes a statement."""
    return {
        node.name: node.returns is not None and ast.unparse(node.returns).startswith("Statement[")
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@cache
def functions() -> Set[str]:
    return {
        f"{module}.{name}"
        for module, tree in trees().items()
        for name, makes in makers(tree.body).items()
        if makes
    }


@cache
def methods() -> Set[str]:
    """Those of which no other class has one by that name that does something."""
    classes = [
        makers(node.body)
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    ]
    return {
        name for found in classes for name in found if all(each.get(name, True) for each in classes)
    }


def forgotten(module: str, tree: ast.Module) -> Iterator[int]:
    """The lines of calls that make a statement for nobody."""
    own = makers(tree.body)
    known = imported(tree) | {name: f"{module}.{name}" for name in own}
    makes = functions() | {f"{module}.{name}" for name in own if own[name]}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name, _, attribute = ast.unparse(node.value.func).partition(".")
            full = ".".join(filter(None, (known.get(name, name), attribute)))
            is_method = name not in known and attribute.rpartition(".")[2] in methods()
            if full in makes or is_method:
                yield node.lineno


def imported(tree: ast.Module) -> dict[str, str]:
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
