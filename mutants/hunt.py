"""Tries mutants, several at once, each in a copy of the checkout that no other has meanwhile."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic

from mutants.checkout import Checkout
from mutants.marked import hinted
from mutants.mutant import Mistake, Mutant
from mutants.report import Report
from mutants.trial import Trial, run_tests


class Hunt:
    def __init__(
        self, folder: Path, at_once: int, marked: Mapping[str, list[str]], report: Report
    ) -> None:
        """``marked`` are the tests by criterion; ``folder`` takes the copies."""
        self._checkouts = [Checkout(folder / f"{n}" / "yabot") for n in range(at_once)]
        self._marked = marked
        self._report = report

    async def run(self, chosen: Sequence[Mutant]) -> None:
        """Every one of them; then what has failed, without any mutant."""
        started = monotonic()
        waiting = iter(chosen)
        async with asyncio.TaskGroup() as group:
            for checkout in self._checkouts:
                # Whoever is done takes the next.
                group.create_task(self._try_all(checkout, waiting))
        await self._control()
        self._report.seconds = monotonic() - started

    async def _try_all(self, checkout: Checkout, waiting: Iterator[Mutant]) -> None:
        for mutant in waiting:
            try:
                self._report.add(mutant, await self._try(checkout, mutant))
            except Mistake as mistake:
                self._report.complain(mutant, mistake)

    async def _try(self, checkout: Checkout, mutant: Mutant) -> Trial:
        """Against the tests that are known to notice it, and then against the others."""
        tests = self._marked[mutant.criterion]
        first = hinted(mutant, tests)
        rest = [test for test in tests if test not in first]
        with checkout.mutated(mutant):
            trial = await run_tests(checkout, first or rest, "-x")
            if trial.outcome != "survived" or not first or not rest:
                return trial
            again = await run_tests(checkout, rest, "-x")
            return Trial(again.outcome, trial.seconds + again.seconds, again.by, again.output)

    async def _control(self) -> None:
        """What has failed has to pass without any mutant."""
        tests = sorted({test for trial in self._report.trials.values() for test in trial.by})
        if not tests:
            return
        self._report.note(f"control: {len(tests)} tests that failed run without any mutant…")
        shares = [share for share in shared(tests, len(self._checkouts)) if share]
        pairs = zip(self._checkouts, shares, strict=False)
        async with asyncio.TaskGroup() as group:
            trials = [group.create_task(run_tests(*pair)) for pair in pairs]
        for trial in trials:
            self._report.control(trial.result())


def shared(tests: Sequence[str], parties: int) -> list[list[str]]:
    """Among so many; a file's tests stay together, for they share what it starts."""
    files = sorted({test.partition("::")[0] for test in tests})
    party = {file: n % parties for n, file in enumerate(files)}
    return [[test for test in tests if party[test.partition("::")[0]] == n] for n in range(parties)]
