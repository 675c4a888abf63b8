"""Whatever happens goes through ``CommitLog.decide``: nobody else makes a unit and commits it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.modules import SOURCE, modules, tree_of

DOOR = SOURCE / "log" / "commit_log.py"


def test_nobody_commits_but_the_one_method_that_decides_again() -> None:
    places = [place for path in modules(".commit") for place in _commits(path)]
    assert places == [f"{DOOR.relative_to(SOURCE)}: in decide"], "use CommitLog.decide"


def _commits(path: Path) -> Iterator[str]:
    for function in ast.walk(tree_of(path)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and node.attr == "commit":
                    yield f"{path.relative_to(SOURCE)}: in {function.name}"
