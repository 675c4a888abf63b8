"""The tests that a mutant has to get past, the cheapest first."""

from collections.abc import Mapping
from pathlib import Path

from mutants.mutant import Mistake, Mutant
from tests.claims import claims

# Folders whose tests start many engines, or whole programs, each time.
DEAR = ("e2e", "webhook", "instances", "outages", "crash", "topologies", "deploy")


def marked_tests(root: Path) -> Mapping[str, list[str]]:
    """By criterion."""
    found = claims(root, ["tests"])
    return {criterion: sorted(tests, key=_cost) for criterion, tests in found.items()}


def check(mutants: list[Mutant], marked: Mapping[str, list[str]]) -> None:
    """Raises Mistake when a claim has no mutant, or a mutant no claim."""
    named = {mutant.criterion for mutant in mutants}
    if unclaimed := sorted(named - marked.keys()):
        raise Mistake(f"no test carries the mark of {', '.join(unclaimed)}; mark one, or drop it")
    if missing := sorted(marked.keys() - named):
        raise Mistake(f"tests claim {', '.join(missing)}: add a mutant that breaks it to each")


def hinted(mutant: Mutant, marked: list[str]) -> list[str]:
    """Those of its criterion that it names. Raises Mistake when a hint is about none of them."""
    for hint in mutant.tests:
        if not any(_is_in(test, hint) for test in marked):
            raise Mistake(
                f"{mutant.place}: no test of {hint} carries the mark of {mutant.criterion}"
            )
    return [test for test in marked if any(_is_in(test, hint) for hint in mutant.tests)]


def _is_in(test: str, hint: str) -> bool:
    return test == hint or test.startswith((f"{hint}::", f"{hint}/"))


def _cost(test: str) -> tuple[int, str]:
    folder = test.split("/")[1]
    return (DEAR.index(folder) + 1 if folder in DEAR else 0), test
