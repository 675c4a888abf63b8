"""The catalogue of mutants fits the program and the marks, and misfits are told."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from mutants.checkout import ROOT
from mutants.hunt import shared
from mutants.marked import check, hinted, marked_tests
from mutants.mutant import Mistake, Mutant, load

MUTANTS = load()
ENTRY = Mutant("1.1.1", "why", "a.py", "old", "new", ("tests/x/test_a.py",), "1.toml, entry 1")


@cache
def marked() -> Mapping[str, list[str]]:
    return marked_tests(ROOT)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.criterion} {mutant.why}")
def test_each_entry_fits(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    mutated = mutant.apply_to(source)
    if mutant.file.endswith(".py"):
        compile(mutated, mutant.file, "exec")
    assert len(hinted(mutant, marked()[mutant.criterion])) >= len(mutant.tests)


def test_each_claimed_criterion_has_one() -> None:
    check(MUTANTS, marked())


@pytest.mark.parametrize("source", ["", "old old"], ids=["gone", "twice"])
def test_a_text_that_is_not_there_once_names_the_entry(source: str) -> None:
    with pytest.raises(Mistake, match=r"1\.toml, entry 1: the text is in a\.py .* mend the entry"):
        ENTRY.apply_to(source)


def test_a_claim_without_mutant_is_named() -> None:
    with pytest.raises(Mistake, match=r"tests claim 1\.1\.2: add a mutant"):
        check([ENTRY], {"1.1.1": [], "1.1.2": []})


def test_a_mutant_without_claim_is_named() -> None:
    with pytest.raises(Mistake, match=r"no test carries the mark of 1\.1\.1"):
        check([ENTRY], {})


def test_a_files_tests_are_not_shared_out() -> None:
    tests = [f"tests/test_{file}.py::test_{n}" for file in "abc" for n in range(4)]
    first, second, *rest = shares = shared(tests, 4)
    assert [test for share in shares for test in share] == tests
    assert {test[: test.index("::")] for test in first} == {"tests/test_a.py"}
    assert {test[: test.index("::")] for test in second} == {"tests/test_b.py"}
    assert [len(share) for share in rest] == [4, 0]


def test_a_hint_without_the_mark_is_named() -> None:
    assert hinted(ENTRY, ["tests/x/test_a.py::test_it", "tests/x/test_b.py::test_it"]) == [
        "tests/x/test_a.py::test_it"
    ]
    with pytest.raises(Mistake, match=r"entry 1: no test of tests/x/test_a\.py carries the mark"):
        hinted(ENTRY, ["tests/x/test_ab.py::test_it"])


@pytest.mark.parametrize(
    ("changed", "told"),
    [("new = 'new'", "it changes nothing"), ("fixed = 'by'", "unexpected keyword")],
)
def test_an_entry_that_is_none_is_named(tmp_path: Path, changed: str, told: str) -> None:
    entry = "[[mutant]]\ncriterion = '1.1.1'\nwhy = 'w'\nfile = 'a.py'\nold = 'new'\n"
    assert tomllib.loads(entry)
    (tmp_path / "1.toml").write_text(f"{entry}{changed}\n")
    with pytest.raises(Mistake, match=rf"1\.toml, entry 1.*{told}"):
        load(tmp_path)
