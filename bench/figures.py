"""What a figure is: ours beside a bare baseline, and whether its target is met."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import monotonic
from typing import Literal

PAIRS_SECONDS = 20.0

Round = Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Target:
    """``limit`` bounds the ratio of ours to the baseline, or ours itself where ``absolute``."""

    bound: Literal["at most", "at least"]
    limit: float
    absolute: bool = False

    def is_met(self, ours: float, ratio: float | None) -> bool:
        value = ours if self.absolute else ratio
        assert value is not None
        return value <= self.limit if self.bound == "at most" else value >= self.limit


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Any one of ``targets`` will do; without any it is only told."""

    name: str
    unit: str
    ours: float
    baseline: float | None = None
    ratio: float | None = None
    targets: tuple[Target, ...] = ()

    @property
    def met(self) -> bool | None:
        if not self.targets:
            return None
        return any(target.is_met(self.ours, self.ratio) for target in self.targets)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rounds of ours and the baseline, each pair measured back to back."""

    ours: Sequence[float]
    baseline: Sequence[float]

    def figure(self, name: str, unit: str, *targets: Target) -> Figure:
        """Medians; the ratio is that of the pairs, so that a slow minute counts on both sides."""
        ratio = median(ours / bare for ours, bare in zip(self.ours, self.baseline, strict=True))
        return Figure(name, unit, median(self.ours), median(self.baseline), ratio, targets)


async def alternate(baseline: Round, ours: Round, rounds: int) -> Pairs:
    """One round of each to warm up, then pairs: baseline, ours, baseline, ours…

    At most ``rounds`` pairs, and on a busy machine only as many as PAIRS_SECONDS allow.
    """
    await baseline()
    await ours()
    pairs: list[tuple[float, float]] = []
    deadline = monotonic() + PAIRS_SECONDS
    while len(pairs) < rounds and (not pairs or monotonic() < deadline):
        pairs.append((await baseline(), await ours()))
    return Pairs([ours for _, ours in pairs], [bare for bare, _ in pairs])
