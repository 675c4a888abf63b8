"""An inspector that shows what a test puts into it: a small fake at the edge."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from yabot.errors import StoreUnavailable

Json = dict[str, Any]


class Glass:
    def __init__(self) -> None:
        self.state: Json = {}
        self.history: list[Json] = []
        self.is_away = False
        self._live: asyncio.Queue[Json | Exception] = asyncio.Queue()

    def happen(self, event: Json) -> None:
        self.history.append(event)
        self._live.put_nowait(event)

    def interrupt(self) -> None:
        """The live events break off once, as when Redis goes away."""
        self._live.put_nowait(StoreUnavailable("Redis", "connection reset"))

    async def stored_state(self, telegram_user_id: int) -> Json:
        if self.is_away:
            raise StoreUnavailable("MongoDB", "connection refused")
        return {"sections": {"Profile": {"user_id": str(telegram_user_id)}, **self.state}}

    async def recent_events(self, telegram_user_id: int, limit: int) -> list[Json]:
        own = [event for event in self.history if event["user_id"] == str(telegram_user_id)]
        return own[-limit:]

    async def live_events(self) -> AsyncIterator[Json]:
        while True:
            event = await self._live.get()
            if isinstance(event, Exception):
                raise event
            yield event


def envelope(
    user_id: int, sequence: int, event_type: str, correlation_id: str, **payload: Any
) -> Json:
    return {
        "event_id": f"event-{user_id}-{sequence}",
        "event_type": event_type,
        "version": 1,
        "timestamp": f"2026-11-22T14:00:{sequence:02d}.250000Z",
        "user_id": str(user_id),
        "sequence": sequence,
        "correlation_id": correlation_id,
        "causation_id": correlation_id,
        "payload": payload,
    }
