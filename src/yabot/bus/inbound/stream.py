"""The stream that other services write to. What they wrote stands in it until it is taken in, or
beside it, where what does not fit waits for its turn.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.client import NEVER_DECODE
from typing_extensions import override

from yabot.bus.connection import command, store_errors
from yabot.bus.inbound.sources import READ_AT_ONCE, Entry, Place, Source

INBOUND = "yabot:inbound"
# The braces keep it where INBOUND is on a Redis Cluster.
ASIDE = f"yabot:aside:{{{INBOUND}}}"
SET_ASIDE = (Path(__file__).parent / "set_aside.lua").read_text()
START = "0-0"


class InboundStream(Source):
    place: Place = "stream"

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis
        self._read_to = START
        self._set_aside = redis.register_script(SET_ASIDE)
        options: dict[str, Any] = redis.connection_pool.connection_kwargs
        # A read that finds nothing has to end before its connection is given up.
        self._patience = (options.get("socket_timeout") or 2.0) / 2

    @override
    def begin_anew(self) -> None:
        """Also with what Redis has brought back after a crash."""
        self._read_to = START

    @override
    async def read(self, seconds: float) -> list[Entry]:
        wait_ms = int(min(seconds, self._patience) * 1000)
        waiting = ("BLOCK", wait_ms) if wait_ms > 0 else ()
        parts = ("XREAD", "COUNT", READ_AT_ONCE, *waiting, "STREAMS", INBOUND, self._read_to)
        with store_errors():
            found = await command(self._redis, *parts, **{NEVER_DECODE: True})
        return [_entry(*entry, place="stream") for _, entries in found for entry in entries]

    @override
    def given(self, entry: Entry) -> None:
        self._read_to = entry.id

    @override
    async def remove(self, entry_ids: Sequence[str]) -> None:
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
        return [_entry(*entry, place="aside") for entry in found]

    async def remove_aside(self, entry_id: str) -> None:
        """Raises StoreUnavailable: the same call may be made again."""
        with store_errors():
            await self._redis.xdel(ASIDE, entry_id)


def _entry(entry_id: bytes, fields: Any, *, place: Place) -> Entry:
    """Redis gives the fields of XREAD and XRANGE as redis-py has parsed them, or flat."""
    if not isinstance(fields, dict):
        fields = dict(zip(fields[::2], fields[1::2], strict=True))
    return Entry(entry_id.decode(), fields.get(b"event"), place)
