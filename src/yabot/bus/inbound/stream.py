"""The stream that other services write to. What they wrote stands in it until it is taken in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.client import NEVER_DECODE

from yabot.bus.connection import command, store_errors

INBOUND = "yabot:inbound"
START = "0-0"
READ_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    # Absent in an entry that has no such field. Anybody may have written it: it may be no text.
    event: bytes | None


class InboundStream:
    """Its beginning is the position: entries are removed when what came of them is committed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        options: dict[str, Any] = redis.connection_pool.connection_kwargs
        # A read that finds nothing has to end before its connection is given up.
        self._patience = (options.get("socket_timeout") or 2.0) / 2

    async def read(self, after: str, seconds: float) -> list[Entry]:
        """At most READ_AT_ONCE entries behind ``after``; waits up to ``seconds`` for the first.

        Raises StoreUnavailable.
        """
        wait_ms = int(min(seconds, self._patience) * 1000)
        waiting = ("BLOCK", wait_ms) if wait_ms > 0 else ()
        parts = ("XREAD", "COUNT", READ_AT_ONCE, *waiting, "STREAMS", INBOUND, after)
        with store_errors():
            found = await command(self._redis, *parts, **{NEVER_DECODE: True})
        return [
            Entry(entry_id.decode(), fields.get(b"event"))
            for _, entries in found
            for entry_id, fields in entries
        ]

    async def remove(self, entry_ids: Sequence[str]) -> None:
        """Raises StoreUnavailable: the same call may be made again."""
        with store_errors():
            await self._redis.xdel(INBOUND, *entry_ids)
