"""The present weather: which faults there are, and whom the next one strikes."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from yabot.observability.logging import get_logger
from yabot.playground.feed import Feed
from yabot.playground.store.database import Change
from yabot.playground.weather.fault import DeliveryKind, Fault

log = get_logger(__name__)


class _Cloud:
    """One fault with its own luck, so that none disturbs the sequence of another."""

    def __init__(self, fault: Fault, seed: str) -> None:
        self.fault = fault
        self.hits = 0
        # Repeatable is what it has to be, not secret.
        self.luck = Random(seed)  # noqa: S311

    def strikes(self) -> bool:
        if self.fault.count is not None and self.hits >= self.fault.count:
            return False
        if self.luck.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True


class Weather:
    """Fair after every start. With the same seed the n-th call that a fault hangs over has the
    same fate each time. ``feed`` hears of every change and every strike."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._seed = 0
        self._clouds: list[_Cloud] = []

    def change(self, faults: Sequence[Fault], seed: int) -> None:
        """These faults instead of those before; none means fair weather."""
        self._seed = seed
        self._clouds = [_Cloud(fault, f"{seed}:{place}") for place, fault in enumerate(faults)]
        log.info("playground.weather.changed", faults=[fault.kind for fault in faults], seed=seed)
        self._tell()

    def as_json(self) -> dict[str, Any]:
        faults = [{**cloud.fault.model_dump(), "hits": cloud.hits} for cloud in self._clouds]
        return {"seed": self._seed, "faults": faults}

    def over_call(self, name: str, chat_id: int) -> Iterator[Fault]:
        """What strikes this call: delays, and at the end at most one other fault."""
        for cloud in self._clouds:
            if cloud.fault.hangs_over_call(name, chat_id) and self._strikes(cloud):
                yield cloud.fault
                if cloud.fault.kind != "delay":
                    return

    def is_duplicated(self) -> bool:
        """Whether the next delivery is made twice, side by side."""
        return self._over_delivery("duplicate") is not None

    def held_back_s(self) -> float:
        """How long the next delivery is overtaken by others; 0.0 when it keeps its place."""
        cloud = self._over_delivery("reorder")
        return 0.0 if cloud is None else cloud.luck.uniform(0.0, cloud.fault.seconds)

    def gathering_s(self) -> float:
        """How long updates gather before they are delivered all at once."""
        cloud = self._over_delivery("burst")
        return 0.0 if cloud is None else cloud.fault.seconds

    def _over_delivery(self, kind: DeliveryKind) -> _Cloud | None:
        hanging = (cloud for cloud in self._clouds if cloud.fault.kind == kind)
        return next((cloud for cloud in hanging if self._strikes(cloud)), None)

    def _strikes(self, cloud: _Cloud) -> bool:
        if not cloud.strikes():
            return False
        self._tell()
        return True

    def _tell(self) -> None:
        self._feed.publish(Change("weather", self.as_json()))
