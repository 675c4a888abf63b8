"""What the bus has told of one reader, turn by turn."""

from typing import Any

from tests.e2e.stores import Stores
from tests.waiting import wait_until

Json = dict[str, Any]


class Journal:
    """Reads the reader's events from Valkey, and checks each on the way."""

    def __init__(self, stores: Stores, user_id: int) -> None:
        self._stores = stores
        self._user_id = user_id
        self._read = 0
        self._correlation = ""

    def turn(self) -> list[Json]:
        """The events of the next update: all with its correlation, in sequence, each once."""
        wait_until(lambda: self._complete() is not None)
        events = self._complete() or []
        first = self._read + 1
        self._read += len(events)
        assert [event["sequence"] for event in events] == list(range(first, self._read + 1))
        (self._correlation,) = {event["correlation_id"] for event in events}
        assert self._correlation.startswith("update:")
        assert {event["causation_id"] for event in events} == {self._correlation}
        return events

    def told(self, *expected: str) -> list[Json]:
        """The next turn has exactly these events between its update's receipt and completion."""
        received, *events, completed = self.turn()
        assert received["event_type"] == "update_received"
        assert [event["event_type"] for event in events] == list(expected)
        assert completed["payload"]["duration_ms"] > 0
        return events

    def followed_by(self, *expected: str) -> list[Json]:
        """What the events of that turn have set going, each caused by an earlier one of them."""
        end = self._read + len(expected)
        wait_until(lambda: len(self._stores.stream(self._user_id)) >= end)
        everything = self._stores.stream(self._user_id)
        events, self._read = everything[self._read : end], end
        assert [event["event_type"] for event in events] == list(expected)
        assert {event["correlation_id"] for event in events} == {self._correlation}
        for event in events:
            (cause,) = [each for each in everything if each["event_id"] == event["causation_id"]]
            assert cause["sequence"] < event["sequence"]
        return events

    def skip_to_end(self) -> None:
        """Whatever has happened up to here is not looked at."""
        everything = self._stores.outbox(self._user_id)
        wait_until(lambda: len(self._stores.stream(self._user_id)) >= len(everything))
        self._read = len(everything)

    def nothing_new(self) -> bool:
        return len(self._stores.outbox(self._user_id)) == self._read

    def _complete(self) -> list[Json] | None:
        events = self._stores.stream(self._user_id)[self._read :]
        for number, event in enumerate(events, start=1):
            if event["event_type"] == "operation_completed":
                return events[:number]
        return None
