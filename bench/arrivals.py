"""Tells when a user's change has reached MongoDB, and its events their stream."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from typing_extensions import override

from yabot.bus.streams import Appended, Streams
from yabot.events.partition import Entry
from yabot.log.document_follower import DocumentFollower, Row


class Arrivals:
    """One change of a user at a time; ``expect`` is called before it begins."""

    def __init__(self, last_event: str) -> None:
        """``last_event``: the type of event with which a change is complete."""
        self._last_event = last_event
        self._missing: dict[str, set[str]] = {}
        self._complete: dict[str, asyncio.Future[None]] = {}

    def expect(self, user_id: str) -> asyncio.Future[None]:
        self._missing[user_id] = {"document", "events"}
        self._complete[user_id] = asyncio.get_running_loop().create_future()
        return self._complete[user_id]

    def document_applied(self, user_id: str) -> None:
        self._arrived(user_id, "document")

    def events_added(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.event_type == self._last_event:
                self._arrived(json.loads(entry.envelope).get("user_id"), "events")

    def _arrived(self, user_id: str, part: str) -> None:
        missing = self._missing.get(user_id)
        if missing is None:
            return
        missing.discard(part)
        if not missing:
            del self._missing[user_id]
            self._complete.pop(user_id).set_result(None)


class WatchedFollower(DocumentFollower):
    def __init__(self, arrivals: Arrivals, *rest: Any) -> None:
        super().__init__(*rest)
        self._arrivals = arrivals

    @override
    async def _apply(self, batch: list[Row]) -> list[Row]:
        applied = await super()._apply(batch)
        for _, change in applied:
            self._arrivals.document_applied(change.user_id)
        return applied


class WatchedStreams(Streams):
    def __init__(self, arrivals: Arrivals, redis: Redis) -> None:
        super().__init__(redis)
        self._arrivals = arrivals

    @override
    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> Appended:
        appended = await super().append(partition, stands_at, entries)
        if appended.last == entries[-1].pos:
            self._arrivals.events_added(entries)
        return appended
