"""Puts events in order: by their time stamps, but causes first, whatever the clocks say."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import heapify, heappop, heappush

from yabot.bus.inbound.sources import Entry
from yabot.bus.inbound.window import Before
from yabot.events.envelope import Envelope

# An event's name is ("", its id); that of all events of a type in a correlation is (the
# correlation id, the type).
Name = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    entry: Entry
    envelope: Envelope
    # On the monotonic clock.
    read_at: float

    @property
    def happened(self) -> datetime:
        return self.envelope.timestamp

    @property
    def names(self) -> tuple[Name, Name]:
        """The names under which others wait for it."""
        event = self.envelope
        return ("", event.event_id), (event.correlation_id, event.event_type)

    def causes(self, before: Before) -> Iterator[Name]:
        """The names of what it waits for, if that is among the arrivals."""
        event = self.envelope
        if event.causation_id != event.event_id:
            yield "", event.causation_id
        for event_type in before(event.event_type):
            yield event.correlation_id, event_type


def in_order(arrivals: Iterable[Arrival], before: Before) -> list[Arrival]:
    """By time stamp, causes first; events with equal time stamps keep their order."""
    return list(_Ordering(list(arrivals), before))


class _Ordering:
    def __init__(self, arrivals: list[Arrival], before: Before) -> None:
        self._before = before
        self._missing = Counter(name for arrival in arrivals for name in arrival.names)
        self._ready = [(arrival.happened, n, arrival) for n, arrival in enumerate(arrivals)]
        heapify(self._ready)
        # Arrivals by the name that they wait for.
        self._parked: dict[Name, list[tuple[datetime, int, Arrival]]] = defaultdict(list)

    def __iter__(self) -> Iterator[Arrival]:
        while self._ready or self._parked:
            entry = heappop(self._ready) if self._ready else self._break_ring()
            obstacle = self._obstacle(entry[2])
            if obstacle is not None:
                self._parked[obstacle].append(entry)
                continue
            yield entry[2]
            self._arrived(entry[2])

    def _obstacle(self, arrival: Arrival) -> Name | None:
        causes = arrival.causes(self._before)
        return next((name for name in causes if self._missing[name] > 0), None)

    def _arrived(self, arrival: Arrival) -> None:
        for name in arrival.names:
            self._missing[name] -= 1
            if self._missing[name] <= 0:
                for entry in self._parked.pop(name, ()):
                    heappush(self._ready, entry)

    def _break_ring(self) -> tuple[datetime, int, Arrival]:
        """All that is left waits for each other: from now on nobody waits for the causes of the
        earliest, which is returned.
        """
        obstacle = min(self._parked, key=lambda name: min(self._parked[name])[:2])
        earliest = min(self._parked[obstacle], key=lambda entry: entry[:2])
        for name in earliest[2].causes(self._before):
            self._missing[name] = 0
        waiting = self._parked.pop(obstacle)
        waiting.remove(earliest)
        for entry in waiting:
            heappush(self._ready, entry)
        return earliest
