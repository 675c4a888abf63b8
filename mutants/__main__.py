"""``python -m mutants [CRITERION…] [--sample N] [--seed N]``: exit 1 when a mutant survives."""

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from mutants import marked as marks
from mutants.hunt import Hunt
from mutants.mutant import Mistake, Mutant, load
from mutants.report import Report


def main() -> int:
    options = _options()
    # What runs is ended, and the copies go.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    marked = marks.marked_tests(Path(__file__).parents[1])
    try:
        every = load()
        marks.check(every, marked)
        chosen = _choose(every, options)
    except Mistake as mistake:
        print(f"mutants: {mistake}", file=sys.stderr)
        return 1
    report = Report(len(chosen))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        hunt = Hunt(Path(folder).resolve(), min(options.at_once, len(chosen)), marked, report)
        asyncio.run(hunt.run(chosen))
    report.summarize()
    return 0 if report.is_good else 1


def _choose(every: Sequence[Mutant], options: argparse.Namespace) -> list[Mutant]:
    known = {mutant.criterion for mutant in every}
    if unknown := [name for name in options.criteria if name not in known]:
        raise Mistake(f"there is no mutant for {', '.join(unknown)}")
    chosen = [each for each in every if not options.criteria or each.criterion in options.criteria]
    if options.sample is None or options.sample >= len(chosen):
        return chosen
    print(f"a sample of {options.sample}: the same one again with SEED={options.seed}", flush=True)
    return random.Random(options.seed).sample(chosen, options.sample)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("criteria", nargs="*", metavar="CRITERION")
    parser.add_argument("--sample", type=int, help="so many of them, by chance")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000))
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
