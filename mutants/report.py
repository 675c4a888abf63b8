"""What is told of the trials while they run, and at the end."""

from mutants.mutant import Mistake, Mutant
from mutants.trial import Trial


class Report:
    def __init__(self, count: int) -> None:
        """Of ``count`` mutants."""
        self._count = count
        self.trials: dict[Mutant, Trial] = {}
        self._mistakes: dict[Mutant, Mistake] = {}
        # Tests that fail without any mutant as well.
        self._unsteady: tuple[str, ...] = ()
        # From the first to the last, when all is done.
        self.seconds = 0.0

    @property
    def is_good(self) -> bool:
        return not (self._survivors() or self._mistakes or self._unsteady)

    def add(self, mutant: Mutant, trial: Trial) -> None:
        self.trials[mutant] = trial
        by = f" by {trial.by[0]}" if trial.by else ""
        self._tell(mutant, f"{trial.outcome}{by} ({trial.seconds:.0f} s)")

    def complain(self, mutant: Mutant, mistake: Mistake) -> None:
        self._mistakes[mutant] = mistake
        self._tell(mutant, f"not tried: {mistake}")

    def note(self, line: str) -> None:
        print(line, flush=True)

    def control(self, trial: Trial) -> None:
        if trial.outcome != "survived":
            self._unsteady += trial.by or ("some of them together: they hung",)

    def summarize(self) -> None:
        print()
        for mutant, trial in self.trials.items():
            by = ", ".join(trial.by)
            print(f"{mutant.criterion:8} {trial.outcome:9} {trial.seconds:4.0f} s  {by}")
        for mutant in self._survivors():
            print(f"SURVIVED  {mutant.place}: {mutant.why}; {mutant.file}")
        for mutant, mistake in self._mistakes.items():
            print(f"NOT TRIED {mutant.place}: {mistake}")
        for test in self._unsteady:
            print(f"UNSTEADY  {test} fails without any mutant, too")
        killed = len(self.trials) - len(self._survivors())
        print(f"{killed} of {self._count} mutants killed, in {self.seconds:.0f} s")

    def _tell(self, mutant: Mutant, outcome: str) -> None:
        place = f"[{len(self.trials) + len(self._mistakes)}/{self._count}]"
        print(f"{place} {mutant.criterion}: {mutant.why} … {outcome}", flush=True)

    def _survivors(self) -> list[Mutant]:
        return [each for each, trial in self.trials.items() if trial.outcome == "survived"]
