"""A pytest plugin that tallies which of the 88 criteria the run has proved.

A test names what it proves: ``@pytest.mark.criterion("2.1.3")``. A criterion is proved when all
tests that name it ran and passed: also those that this run has left out, by a path or otherwise,
are known, from their source. With ``CI=true`` a skipped test fails the run. With ``--tally FILE``
runs of different tests count as one: each adds what it has seen to what the file holds.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from pathlib import Path
from typing import Any

import pytest

from tests.claims import claims

COUNTS = (
    "1.1:5 1.2:4 1.3:5 2.1:4 2.2:5 2.3:4 3.1:5 3.2:5 4.1:5 4.2:5 4.3:5 5.1:5 5.2:5 5.3:5 5.4:5"
    " perf:4 sec:4 rel:4 scale:4"
)
CRITERIA = tuple(
    f"{requirement}.{number}"
    for requirement, count in (entry.split(":") for entry in COUNTS.split())
    for number in range(1, int(count) + 1)
)
# In a test's report, what names a criterion.
PROPERTY = "criterion"
# These state figures (percentiles, users at once, uptime, seconds of a failover), which depend
# on load and machine: a test can only pass or fail, a benchmark says by how much.
MEASURED = ("perf.1", "perf.2", "perf.3", "perf.4", "rel.1", "rel.2")
# What the tally calls a criterion, and what it says of those.
KINDS = {
    "proved": "proved in this run",
    "failing": "with failing tests",
    "partly": "partly run",
    "not run": "not run",
    "measured": "measured by make bench",
    "not covered": "not covered",
}
# In what a process of pytest-xdist hands over at its end.
DESELECTED = "criteria-deselected"


class Tally:
    """What each criterion's tests came to, which did not run, and which were skipped."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.tests: dict[str, set[str]] = defaultdict(set)
        # By criterion, tests of which somebody has said that they are not to run.
        self.deselected: dict[str, set[str]] = defaultdict(set)
        self.passed: set[str] = set()
        self.failed: set[str] = set()
        self.skipped: set[str] = set()
        # With pytest-xdist, only the process that is told of all tests tallies.
        file = None if hasattr(config, "workerinput") else config.getoption("tally")
        self._file = Path(file) if file else None
        self._take_in_earlier()

    def _take_in_earlier(self) -> None:
        if self._file is not None and self._file.exists():
            earlier = json.loads(self._file.read_text(encoding="utf-8"))
            self.passed.update(earlier["passed"])
            self.failed.update(earlier["failed"])
            for criterion, tests in earlier["tests"].items():
                self.tests[criterion].update(tests)

    def _keep(self) -> None:
        if self._file is not None:
            tests = {criterion: sorted(tests) for criterion, tests in self.tests.items()}
            seen = {"tests": tests, "passed": sorted(self.passed), "failed": sorted(self.failed)}
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(seen), encoding="utf-8")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            # Reports carry them to whoever tallies: with pytest-xdist, that is another process.
            item.user_properties += [(PROPERTY, criterion) for criterion in named_by(item)]

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        for item in items:
            for criterion in named_by(item):
                self.deselected[criterion].add(item.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped.add(report.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == PROPERTY:
                self.tests[str(value)].add(report.nodeid)
        expected_failure = hasattr(report, "wasxfail")
        if report.failed or expected_failure:
            self.failed.add(report.nodeid)
        elif report.skipped:
            self.skipped.add(report.nodeid)
        elif report.when == "call":
            self.passed.add(report.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.skipped and in_ci() and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        # A process of pytest-xdist tells the one that tallies.
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[DESELECTED] = {name: sorted(tests) for name, tests in self.deselected.items()}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for criterion, tests in getattr(node, "workeroutput", {}).get(DESELECTED, {}).items():
            self.deselected[criterion].update(tests)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        self._keep()
        terminalreporter.section("criteria")
        for line in self.lines():
            terminalreporter.write_line(line)
        if self.skipped and in_ci():
            count = len(self.skipped)
            terminalreporter.write_line(
                f"In CI every test must run, and {count} did not: the run has failed.", red=True
            )

    def lines(self) -> list[str]:
        """The tally, a line for each kind of criterion."""
        claimed = claims(self._config.rootpath, self._config.getini("testpaths") or ["."])
        told: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for criterion in CRITERIA:
            told[self._kind(criterion, claimed.get(criterion, set()))].append(criterion)
        return [
            f"proved in this run: {len(told['proved'])} of {len(CRITERIA)}:"
            f" {compact(told['proved'])}",
            *(
                f"{text}: {len(told[kind])}: {compact(told[kind])}"
                for kind, text in KINDS.items()
                if kind != "proved"
            ),
        ]

    def _kind(self, criterion: str, claimed: Set[str]) -> str:
        """``claimed`` are the tests that name it, run or not, without their parameters."""
        seen = self.tests[criterion]
        if seen & self.failed:
            return "failing"
        passed = seen & self.passed
        missing = (seen - passed) | (self.deselected[criterion] - seen)
        missing |= claimed - {without_parameters(test) for test in seen}
        if passed:
            return "partly" if missing else "proved"
        if criterion in MEASURED:
            return "measured"
        return "not run" if missing else "not covered"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tally", metavar="FILE", help="what earlier runs have seen, and this one")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "criterion(*ids): the criteria that the test proves")
    config.pluginmanager.register(Tally(config), "criteria-tally")


def named_by(item: pytest.Item) -> Iterable[str]:
    """The criteria that the test names. Raises ``UsageError`` for one that does not exist."""
    for mark in item.iter_markers("criterion"):
        for criterion in mark.args:
            if criterion not in CRITERIA:
                raise pytest.UsageError(f"{item.nodeid}: there is no criterion {criterion!r}")
            yield criterion


def without_parameters(test: str) -> str:
    return test.partition("[")[0]


def in_ci() -> bool:
    return os.environ.get("CI") == "true"


def compact(criteria: Iterable[str]) -> str:
    """``1.1.1–3, 1.1.5``: neighbours of one requirement together."""
    runs: list[tuple[str, int, int]] = []
    for criterion in criteria:
        requirement, _, number = criterion.rpartition(".")
        n = int(number)
        if runs and runs[-1][0] == requirement and runs[-1][2] == n - 1:
            runs[-1] = (requirement, runs[-1][1], n)
        else:
            runs.append((requirement, n, n))
    return ", ".join(f"{r}.{a}" if a == b else f"{r}.{a}–{b}" for r, a, b in runs) or "none"
