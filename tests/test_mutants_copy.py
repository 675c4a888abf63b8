"""A mutant lives in a copy: programs started there run it, and tests there notice it or do not."""

import subprocess
from pathlib import Path

import pytest

from mutants.checkout import Checkout
from mutants.mutant import Mistake, Mutant
from mutants.report import Report
from mutants.trial import run_tests

# What is hidden shows as something else.
MUTANT = Mutant("sec.4", "why", "src/yabot/redaction.py", 'HIDDEN = "***"', 'HIDDEN = "+++"')
PASSES = "tests/test_mutants.py::test_a_claim_without_mutant_is_named"
ONE_PROGRAM = """
import yabot_client
from yabot import redaction
print(redaction.HIDDEN, redaction.__file__, yabot_client.__file__)
"""

pytestmark = pytest.mark.standard


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("copy") / "yabot")


def hidden(checkout: Checkout) -> str:
    """What a program of the copy shows, whatever its environment and folder."""
    command = [str(checkout.python), "-c", ONE_PROGRAM]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env={}, cwd="/")
    shown, *paths = str(done.stdout).split()
    assert all(Path(path).is_relative_to(checkout.folder) for path in paths)
    return shown


def test_its_programs_run_the_mutant_while_it_lives(checkout: Checkout) -> None:
    assert hidden(checkout) == "***"
    with checkout.mutated(MUTANT):
        assert hidden(checkout) == "+++"
    assert hidden(checkout) == "***"
    script = (checkout.python.parent / "yabot").read_text()
    assert script.startswith(f"#!{checkout.python}\n")


@pytest.mark.slow
async def test_a_test_that_fails_kills_and_one_that_passes_does_not(checkout: Checkout) -> None:
    report = Report(2)
    with checkout.mutated(MUTANT):
        killed = await run_tests(checkout, ["tests/test_redaction.py"], "-x")
        survived = await run_tests(checkout, [PASSES])
    assert (killed.outcome, len(killed.by)) == ("killed", 1)
    assert killed.by[0].startswith("tests/test_redaction.py::")
    assert survived.outcome == "survived"
    report.add(MUTANT, killed)
    assert report.is_good
    report.add(MUTANT, survived)
    assert not report.is_good
    without_a_mutant = Report(1)
    without_a_mutant.control(survived)
    assert without_a_mutant.is_good
    without_a_mutant.control(killed)
    assert not without_a_mutant.is_good


@pytest.mark.slow
async def test_what_pytest_cannot_run_kills_nothing(checkout: Checkout) -> None:
    with pytest.raises(Mistake, match=r"pytest could not run the tests \(exit 4\)"):
        await run_tests(checkout, ["tests/test_nothing.py"])
