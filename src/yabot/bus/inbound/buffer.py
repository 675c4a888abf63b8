"""Keeps events for a moment, in case one that belongs before them is still under way."""

from collections import defaultdict
from collections.abc import Collection, Iterable

from yabot.bus.inbound.ordering import Arrival, Name, in_order
from yabot.bus.inbound.window import Before

MOST_BUFFERED = 1000


class Buffer:
    """``window`` is how long each event waits, in seconds."""

    def __init__(self, window: float, before: Before) -> None:
        self._window = window
        self._before = before
        # In the order of arrival.
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
        """Seconds until the first event has waited enough; None if there is none."""
        if not self._arrivals:
            return None
        return max(self._arrivals[0].read_at + self._window - now, 0.0)

    def due(self, now: float) -> list[Arrival]:
        """The events that have waited enough and all that belong before them, in their order.

        Of a full buffer the older half goes on at once: for each of these, the half buffer of
        events that came after it is known.
        """
        waited = [each for each in self._arrivals if each.read_at + self._window <= now]
        if self.is_full:
            waited = self._arrivals[: MOST_BUFFERED // 2]
        return in_order(self._with_what_comes_before(waited), self._before)

    def _with_what_comes_before(self, arrivals: Collection[Arrival]) -> list[Arrival]:
        """Add, transitively, their causes and what happened earlier in their lanes."""
        chosen = set(arrivals)
        found = _Index(self._arrivals) if chosen else None
        to_visit = [*chosen]
        while found and to_visit:
            missing = found.before(to_visit.pop(), self._before) - chosen
            chosen |= missing
            to_visit += missing
        return [arrival for arrival in self._arrivals if arrival in chosen]


class _Index:
    """Gives each arrival once under each of its names, and once as earlier in its lane, so that a
    chain of causes takes no longer than as many independent events.
    """

    def __init__(self, arrivals: Iterable[Arrival]) -> None:
        self._by_name: dict[Name, list[Arrival]] = defaultdict(list)
        # By lane, the earliest last.
        self._lanes: dict[str, list[Arrival]] = defaultdict(list)
        for each in sorted(arrivals, key=lambda arrival: arrival.happened, reverse=True):
            self._lanes[each.envelope.lane].append(each)
            for name in each.names:
                self._by_name[name].append(each)

    def before(self, arrival: Arrival, before: Before) -> set[Arrival]:
        """Causes of ``arrival`` and what happened earlier in its lane, unless given before."""
        found: set[Arrival] = set()
        for cause in arrival.causes(before):
            found.update(self._by_name.pop(cause, ()))
        lane = self._lanes[arrival.envelope.lane]
        while lane and lane[-1].happened < arrival.happened:
            found.add(lane.pop())
        return found
