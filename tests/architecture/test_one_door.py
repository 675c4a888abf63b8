"""Whatever happens goes through ``CommitLog.decide``: nobody else makes a unit and commits it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.modules import SOURCE, modules, tree_of
from tests.complaints import complain

DOOR = SOURCE / "log" / "commit_log.py"
# What features write beside any unit: nobody's answer depends on it, and it may happen again.
BESIDE = {
    # Notes that have had their day are removed.
    "features/besitos/gift_notices.py",
    # Changes that nobody waits for any more are removed.
    "features/legacy/side_by_side/dual.py",
}


def test_nobody_commits_but_the_one_method_that_decides_again() -> None:
    places = [place for path in modules(".commit") for place in _commits(path)]
    assert places == [f"{DOOR.relative_to(SOURCE)}: in decide"], "use CommitLog.decide"


def _commits(path: Path) -> Iterator[str]:
    for function in ast.walk(tree_of(path)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Attribute) and node.attr == "commit":
                    yield f"{path.relative_to(SOURCE)}: in {function.name}"


def test_features_write_to_the_database_with_a_unit_of_work_alone() -> None:
    found = [each for path in modules(".write") for each in _writes(path)]
    complain(
        f"{place}:{line} writes to the database beside the unit of work, and stays when the rest "
        "does not happen, or is done again: give it to work.add(…)"
        for place, line in found
        if place not in BESIDE
    )
    assert {place for place, _ in found} == BESIDE, "an exception that nobody needs any more"


def _writes(path: Path) -> Iterator[tuple[str, int]]:
    place = path.relative_to(SOURCE)
    if place.parts[0] != "features":
        return
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and node.attr in {"write", "write_later"}:
            _, _, whose = ast.unparse(node.value).rpartition(".")
            if whose.lstrip("_") == "database":
                yield str(place), node.lineno
