"""The garbage collector, told what will not become garbage."""

import gc


def settle_heap() -> None:
    """Take what exists now out of the collector's sight: it lives as long as the program.

    aiogram's and SQLAlchemy's half million objects make each full collection last 170 ms, in which
    no reader gets an answer.
    """
    gc.collect()
    gc.freeze()


def collect_seldom() -> None:
    """For who makes much and drops it soon, and keeps no reader waiting: as it is, the collector
    takes half of the time of an import.
    """
    settle_heap()
    gc.set_threshold(50_000, 20, 100)
