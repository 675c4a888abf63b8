"""``python -m mutants [CRITERION…] [--sample N] [--seed N]``: exit 1 when a mutant survives."""

import argparse
import random
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from mutants import marked as marks
from mutants.checkout import Checkout
from mutants.mutant import Mistake, Mutant, load
from mutants.report import Report
from mutants.trial import Trial, run_tests


def main() -> int:
    options = _options()
    # What runs is ended, and the copy goes.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    marked = marks.marked_tests(Path(__file__).parents[1])
    report = Report()
    try:
        every = load()
        marks.check(every, marked)
        chosen = _choose(every, options)
    except Mistake as mistake:
        print(f"mutants: {mistake}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        checkout = Checkout(Path(folder).resolve() / "yabot")
        for mutant in chosen:
            report.begin(mutant, len(chosen))
            try:
                report.add(mutant, _try(checkout, mutant, marked))
            except Mistake as mistake:
                report.complain(mutant, mistake)
        _control(checkout, report)
    report.summarize()
    return 0 if report.is_good else 1


def _try(checkout: Checkout, mutant: Mutant, marked: Mapping[str, list[str]]) -> Trial:
    """Against the tests that are known to notice it, and then against the others."""
    tests = marked[mutant.criterion]
    first = marks.hinted(mutant, tests)
    rest = [test for test in tests if test not in first]
    with checkout.mutated(mutant):
        trial = run_tests(checkout, first or rest, "-x")
        if trial.outcome != "survived" or not first or not rest:
            return trial
        again = run_tests(checkout, rest, "-x")
        return Trial(again.outcome, trial.seconds + again.seconds, again.by, again.output)


def _control(checkout: Checkout, report: Report) -> None:
    """What has failed has to pass without any mutant."""
    tests = sorted({test for trial in report.trials.values() for test in trial.by})
    if tests:
        report.note(f"control: {len(tests)} tests that failed are run without any mutant…")
        report.control(run_tests(checkout, tests))


def _choose(every: Sequence[Mutant], options: argparse.Namespace) -> list[Mutant]:
    known = {mutant.criterion for mutant in every}
    if unknown := [name for name in options.criteria if name not in known]:
        raise Mistake(f"there is no mutant for {', '.join(unknown)}")
    chosen = [each for each in every if not options.criteria or each.criterion in options.criteria]
    if options.sample is None or options.sample >= len(chosen):
        return chosen
    print(f"a sample of {options.sample}: the same one again with SEED={options.seed}")
    return random.Random(options.seed).sample(chosen, options.sample)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("criteria", nargs="*", metavar="CRITERION")
    parser.add_argument("--sample", type=int, help="so many of them, by chance")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
