"""Which tests name which criteria, read from their source without importing it.

pytest knows only what it has collected; who asks for a part of the tests learns here of the rest.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

MARK = "criterion"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def claims(root: Path, folders: Iterable[str]) -> Mapping[str, set[str]]:
    """The tests by the criterion that they name, as pytest calls them, without parameters.

    ``folders`` are below ``root``, and so are the tests' names.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for path in _test_files(root, folders):
        source = path.read_text(encoding="utf-8")
        if MARK not in source:
            continue
        module = path.relative_to(root).as_posix()
        for name, criterion in _claimed(ast.parse(source).body, frozenset()):
            found[criterion].add(f"{module}::{name}")
    return found


def _test_files(root: Path, folders: Iterable[str]) -> list[Path]:
    found = (path for folder in folders for path in (root / folder).rglob("test_*.py"))
    return sorted({*found})


def _claimed(body: Iterable[ast.stmt], inherited: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Each test below a module or class, with each criterion that it names."""
    body = list(body)
    inherited |= {criterion for each in body for criterion in _of_all(each)}
    for each in body:
        if isinstance(each, ast.ClassDef) and each.name.startswith("Test"):
            for name, criterion in _claimed(each.body, inherited | _of_one(each)):
                yield f"{each.name}::{name}", criterion
        elif isinstance(each, _Function) and each.name.startswith("test_"):
            for criterion in inherited | _of_one(each):
                yield each.name, criterion


def _of_all(statement: ast.stmt) -> frozenset[str]:
    """What ``pytestmark = …`` says of all tests beside it."""
    if not isinstance(statement, ast.Assign):
        return frozenset()
    names = {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return _named(statement.value) if "pytestmark" in names else frozenset()


def _of_one(test: _Function | ast.ClassDef) -> frozenset[str]:
    return frozenset(name for each in test.decorator_list for name in _named(each))


def _named(expression: ast.expr) -> frozenset[str]:
    marks = (
        node
        for node in ast.walk(expression)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == MARK
    )
    return frozenset(
        argument.value
        for mark in marks
        for argument in mark.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )
