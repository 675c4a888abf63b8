"""Runs the whole suite again and again, in random order on a busy machine, and lists what failed.

``python -m tests.steady RUNS [PYTEST OPTION…]``, or ``make test-steady RUNS=5``. All the while a
process keeps each core busy. What a run said is in ``.pytest_cache/steady``. Ends with 1 when
anything failed in any run: a test that fails once in five is as wrong as one that always does.
"""

import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import Process
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".pytest_cache" / "steady"
LOOK_FOR_PARENT = 1_000_000


@dataclass(frozen=True)
class Outcome:
    seed: int
    seconds: float
    tests: int
    failed: list[str]
    exit_code: int

    def __str__(self) -> str:
        said = f"{self.tests} tests in {self.seconds:.0f} s, order {self.seed}"
        if self.failed:
            return f"{said}: {len(self.failed)} failed"
        return said if self.exit_code == 0 else f"{said}: pytest ended with {self.exit_code}"


def main(arguments: Sequence[str]) -> int:
    runs, *options = arguments
    FOLDER.mkdir(parents=True, exist_ok=True)
    with busy_cores():
        outcomes = [_told(number, options) for number in range(1, int(runs) + 1)]
    failures = Counter(test for outcome in outcomes for test in outcome.failed)
    for test, count in failures.most_common():
        print(f"failed in {count} of {runs}: {test}")
    green = sum(outcome.exit_code == 0 for outcome in outcomes)
    print(f"{green} of {runs} runs were green")
    return 0 if green == int(runs) else 1


@contextmanager
def busy_cores() -> Iterator[None]:
    """Each core has something else to do; it ends with this process, however that ends."""
    spinning = [Process(target=_spin, args=(os.getpid(),)) for _ in range(os.cpu_count() or 1)]
    for process in spinning:
        process.start()
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.join()


def _spin(parent: int) -> None:
    while os.getppid() == parent:
        for _ in range(LOOK_FOR_PARENT):
            pass


def _told(number: int, options: Sequence[str]) -> Outcome:
    print(f"run {number}: ", end="", flush=True)
    outcome = _run(number, options)
    print(outcome, flush=True)
    for test in outcome.failed:
        print(f"  {test}", flush=True)
    return outcome


def _run(number: int, options: Sequence[str]) -> Outcome:
    seed = time.time_ns() % 1_000_000
    report = FOLDER / f"run-{number}.xml"
    options = [f"--randomly-seed={seed}", f"--junitxml={report}", *options]
    begun = time.monotonic()
    with (FOLDER / f"run-{number}.out").open("w", encoding="utf-8") as said:
        command = [sys.executable, "-m", "pytest", *options]
        ended = subprocess.run(command, cwd=ROOT, stdout=said, stderr=said, check=False)
    seconds = time.monotonic() - begun
    cases = [*ElementTree.parse(report).iter("testcase")] if report.exists() else []
    failed = [_name(case) for case in cases if _has_failed(case)]
    return Outcome(seed, seconds, len(cases), failed, ended.returncode)


def _has_failed(case: ElementTree.Element) -> bool:
    return case.find("failure") is not None or case.find("error") is not None


def _name(case: ElementTree.Element) -> str:
    return f"{case.get('classname')}::{case.get('name')}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
