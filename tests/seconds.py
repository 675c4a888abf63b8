"""A pytest plugin that tells where the time of a run went: by folder, and the slowest tests."""

from collections import defaultdict

import pytest

SLOWEST = 30


class Stopwatch:
    """Seconds of each test, with what was set up and cleaned up for it."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._seconds:
            return
        terminalreporter.section("seconds")
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self) -> list[str]:
        """A line for each of the slowest tests, then all folders, the longest first."""
        tests = sorted(self._seconds.items(), key=lambda each: -each[1])[:SLOWEST]
        folders = sorted(self._by_folder().items(), key=lambda each: -each[1])
        return [
            *(f"{seconds:7.2f}  {test}" for test, seconds in tests),
            "by folder: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in folders),
        ]

    def _by_folder(self) -> dict[str, float]:
        found: dict[str, float] = defaultdict(float)
        for test, seconds in self._seconds.items():
            parts = test.partition("::")[0].split("/")[1:-1]
            found["/".join(parts[: 2 if parts[:1] == ["features"] else 1]) or "."] += seconds
        return found


def pytest_configure(config: pytest.Config) -> None:
    # With pytest-xdist, only the process that is told of all tests says it.
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Stopwatch(), "stopwatch")
