"""The stream that other services write to. What they wrote stands in it until it is taken in, or
beside it, where what does not fit waits for its turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.client import NEVER_DECODE

from yabot.bus.connection import command, store_errors

INBOUND = "yabot:inbound"
# The braces keep it where INBOUND is on a Redis Cluster.
ASIDE = f"yabot:aside:{{{INBOUND}}}"
SET_ASIDE = (Path(__file__).parent / "set_aside.lua").read_text()
START = "0-0"
READ_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    id: str
    # Absent in an entry that has no such field. Anybody may have written it: it may be no text.
    event: bytes | None
    is_aside: bool = False

    @property
    def name(self) -> str:
        """The two streams may have the same id."""
        return f"aside:{self.id}" if self.is_aside else self.id


class InboundStream:
    """Its beginning is the position: entries are removed when what came of them is committed."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._set_aside = redis.register_script(SET_ASIDE)
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
        return [_entry(*entry) for _, entries in found for entry in entries]

    async def remove(self, entry_ids: Sequence[str]) -> None:
        """Raises StoreUnavailable: the same call may be made again."""
        with store_errors():
            await self._redis.xdel(INBOUND, *entry_ids)

    async def set_aside(self, entry_ids: Sequence[str]) -> int:
        """Out of the way of what follows them; returns how many are aside then.

        Raises StoreUnavailable: the same call may be made again.
        """
        with store_errors():
            return int(await self._set_aside(keys=[INBOUND, ASIDE], args=list(entry_ids)))

    async def count_aside(self) -> int:
        """Raises StoreUnavailable."""
        with store_errors():
            return int(await self._redis.xlen(ASIDE))

    async def read_aside(self) -> list[Entry]:
        """The first of them, READ_AT_ONCE at most. Raises StoreUnavailable."""
        parts = ("XRANGE", ASIDE, "-", "+", "COUNT", READ_AT_ONCE)
        with store_errors():
            found = await command(self._redis, *parts, **{NEVER_DECODE: True})
        return [_entry(*entry, is_aside=True) for entry in found]

    async def remove_aside(self, entry_id: str) -> None:
        """Raises StoreUnavailable: the same call may be made again."""
        with store_errors():
            await self._redis.xdel(ASIDE, entry_id)


def _entry(entry_id: bytes, fields: Any, *, is_aside: bool = False) -> Entry:
    """Redis gives the fields of XREAD and XRANGE as redis-py has parsed them, or flat."""
    if not isinstance(fields, dict):
        fields = dict(zip(fields[::2], fields[1::2], strict=True))
    return Entry(entry_id.decode(), fields.get(b"event"), is_aside)
