"""A pytest plugin: what is imported and collected stays, so nobody need look for garbage in it.

Collecting takes half the time without the collector, and each of its rounds in a test looks at what
the test has made, not at half a million objects of before. And the rounds are rarer: a test that
makes many objects needs them all, and its process ends soon.
"""

import gc

# Objects made, and rounds through younger ones, that a round is worth here.
THRESHOLDS = (20_000, 20, 20)

gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
