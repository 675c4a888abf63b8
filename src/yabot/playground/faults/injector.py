"""The present faults, and which calls and deliveries they strike."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from yabot.observability.logging import get_logger
from yabot.playground.faults.fault import DeliveryKind, Fault
from yabot.playground.feed import Feed
from yabot.playground.store.database import Change

log = get_logger(__name__)


class _Armed:
    """One fault with its own random numbers, so that no fault disturbs another's sequence."""

    def __init__(self, fault: Fault, seed: str) -> None:
        self.fault = fault
        self.hits = 0
        # It has to be repeatable, not secret.
        self.luck = Random(seed)  # noqa: S311

    def strikes(self) -> bool:
        if self.fault.count is not None and self.hits >= self.fault.count:
            return False
        if self.luck.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True


class FaultInjector:
    """Without faults after every start. With the same seed the n-th call that a fault concerns
    has the same fate each time. ``feed`` hears of every change and every strike."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._seed = 0
        self._armed: list[_Armed] = []

    def change(self, faults: Sequence[Fault], seed: int) -> None:
        """Replace all faults by these."""
        self._seed = seed
        self._armed = [_Armed(fault, f"{seed}:{place}") for place, fault in enumerate(faults)]
        log.info("playground.faults.changed", faults=[fault.kind for fault in faults], seed=seed)
        self._tell()

    def as_json(self) -> dict[str, Any]:
        faults = [{**armed.fault.model_dump(), "hits": armed.hits} for armed in self._armed]
        return {"seed": self._seed, "faults": faults}

    def over_call(self, name: str, chat_id: int) -> Iterator[Fault]:
        """What strikes this call: delays, and at the end at most one other fault."""
        for armed in self._armed:
            if armed.fault.concerns_call(name, chat_id) and self._strikes(armed):
                yield armed.fault
                if armed.fault.kind != "delay":
                    return

    def is_duplicated(self) -> bool:
        """Whether the next delivery is made twice, side by side."""
        return self._over_delivery("duplicate") is not None

    def held_back_s(self) -> float:
        """Seconds for which the next delivery is held back; 0.0 when it keeps its place."""
        armed = self._over_delivery("reorder")
        return 0.0 if armed is None else armed.luck.uniform(0.0, armed.fault.seconds)

    def gathering_s(self) -> float:
        """Seconds for which updates gather before they are delivered all at once."""
        armed = self._over_delivery("burst")
        return 0.0 if armed is None else armed.fault.seconds

    def _over_delivery(self, kind: DeliveryKind) -> _Armed | None:
        concerning = (armed for armed in self._armed if armed.fault.kind == kind)
        return next((armed for armed in concerning if self._strikes(armed)), None)

    def _strikes(self, armed: _Armed) -> bool:
        if not armed.strikes():
            return False
        self._tell()
        return True

    def _tell(self) -> None:
        self._feed.publish(Change("faults", self.as_json()))
