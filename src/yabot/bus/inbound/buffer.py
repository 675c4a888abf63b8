"""Where events wait a moment, in case one that belongs before them is still under way."""

from collections.abc import Collection
from datetime import datetime

from yabot.bus.inbound.ordering import Arrival, Name, in_order
from yabot.bus.inbound.window import Before

MOST_BUFFERED = 1000


class Buffer:
    """``window`` is how long each event waits, in seconds."""

    def __init__(self, window: float, before: Before) -> None:
        self._window = window
        self._before = before
        # In the order in which they came.
        self._arrivals: list[Arrival] = []

    def __len__(self) -> int:
        return len(self._arrivals)

    @property
    def is_full(self) -> bool:
        return len(self._arrivals) >= MOST_BUFFERED

    def add(self, arrival: Arrival) -> None:
        self._arrivals.append(arrival)

    def remove(self, arrival: Arrival) -> None:
        self._arrivals.remove(arrival)

    def clear(self) -> None:
        self._arrivals.clear()

    def patience(self, now: float) -> float | None:
        """Seconds until the first has waited enough; None when there is none."""
        if not self._arrivals:
            return None
        return max(self._arrivals[0].read_at + self._window - now, 0.0)

    def due(self, now: float) -> list[Arrival]:
        """Those that have waited enough and all that comes before them, in their order.

        Of a full buffer the older half goes on at once: each has seen what stands half a buffer
        behind it.
        """
        waited = [each for each in self._arrivals if each.read_at + self._window <= now]
        if self.is_full:
            waited = self._arrivals[: MOST_BUFFERED // 2]
        return in_order(self._with_what_comes_before(waited), self._before)

    def _with_what_comes_before(self, arrivals: Collection[Arrival]) -> list[Arrival]:
        chosen = set(arrivals)
        while missing := self._missing(chosen):
            chosen |= missing
        return [arrival for arrival in self._arrivals if arrival in chosen]

    def _missing(self, chosen: set[Arrival]) -> set[Arrival]:
        """Their causes, and what happened earlier in their lanes."""
        latest: dict[str, datetime] = {}
        causes: set[Name] = set()
        for each in chosen:
            lane = each.envelope.lane
            latest[lane] = max(latest.get(lane, each.happened), each.happened)
            causes.update(each.causes(self._before))
        return {
            each
            for each in self._arrivals
            if each not in chosen
            and (
                not causes.isdisjoint(each.names)
                or each.happened < latest.get(each.envelope.lane, each.happened)
            )
        }
