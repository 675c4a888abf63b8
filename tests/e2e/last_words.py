"""A pytest plugin: with a test that fails, what its programs said last is told."""

from collections.abc import Generator

import pytest

from tests.e2e.program import Program


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += [
            (f"log of the program in {program.folder.name}", program.last_words())
            for program in Program.alive()
        ]
    return report
