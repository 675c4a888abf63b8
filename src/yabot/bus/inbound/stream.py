"""The stream that other services write to. An entry stays in it until it is taken in; entries that
do not fit are moved aside, where they wait for their turn.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError
from typing_extensions import override

from yabot.bus.connection import command, store_errors
from yabot.bus.inbound.reading import MOST_BYTES
from yabot.bus.inbound.sources import READ_AT_ONCE, Entry, Place, Source

INBOUND = "yabot:inbound"
# The braces keep both keys on one node of a Redis Cluster.
ASIDE = f"yabot:aside:{{{INBOUND}}}"
SET_ASIDE = (Path(__file__).parent / "set_aside.lua").read_text()
READ = (Path(__file__).parent / "read.lua").read_text()
# Bytes that one read looks at: full portions of entries that fit, fewer of larger ones.
LOOKED_AT = 16 * 2**20
START = "0-0"


class InboundStream(Source):
    place: Place = "stream"

    def __init__(self, redis: Redis) -> None:
        super().__init__()
        self._redis = redis
        self._read_to = START
        self._set_aside = redis.register_script(SET_ASIDE)
        # Only its hash: running the script object would decode the answer.
        self._read = redis.register_script(READ).sha
        options: dict[str, Any] = redis.connection_pool.connection_kwargs
        # A read that finds nothing has to end before its connection is given up.
        self._patience = (options.get("socket_timeout") or 2.0) / 2

    @override
    def begin_anew(self) -> None:
        """Starts over; this also finds what Redis has brought back after a crash."""
        self._read_to = START

    @override
    async def read(self, seconds: float) -> list[Entry]:
        wait_ms = int(min(seconds, self._patience) * 1000)
        found = await self._behind(INBOUND, self._read_to, "stream")
        if found or wait_ms <= 0 or not await self._come(wait_ms):
            return found
        return await self._behind(INBOUND, self._read_to, "stream")

    @override
    def given(self, entry: Entry) -> None:
        self._read_to = entry.id

    @override
    async def remove(self, entry_ids: Sequence[str]) -> None:
        with store_errors():
            await self._redis.xdel(INBOUND, *entry_ids)

    async def set_aside(self, entry_ids: Sequence[str]) -> int:
        """Move entries aside, so that they do not hold up others; returns how many are aside then.

        Raises StoreUnavailable: the same call may be made again.
        """
        with store_errors():
            return int(await self._set_aside(keys=[INBOUND, ASIDE], args=list(entry_ids)))

    async def count_aside(self) -> int:
        """Raises StoreUnavailable."""
        with store_errors():
            return int(await self._redis.xlen(ASIDE))

    async def read_aside(self) -> list[Entry]:
        """The first entries that wait aside, at most READ_AT_ONCE. Raises StoreUnavailable."""
        return await self._behind(ASIDE, START, "aside")

    async def remove_aside(self, entry_id: str) -> None:
        """Raises StoreUnavailable: the same call may be made again."""
        with store_errors():
            await self._redis.xdel(ASIDE, entry_id)

    async def _come(self, wait_ms: int) -> bool:
        """Wait for an entry; whether one has come in time."""
        parts = ("XREAD", "COUNT", 1, "BLOCK", wait_ms, "STREAMS", INBOUND, self._read_to)
        with store_errors():
            return bool(await self._undecoded(*parts))

    async def _behind(self, stream: str, entry_id: str, place: Place) -> list[Entry]:
        arguments = (1, stream, entry_id, READ_AT_ONCE, MOST_BYTES, LOOKED_AT)
        with store_errors():
            try:
                found = await self._undecoded("EVALSHA", self._read, *arguments)
            except NoScriptError:
                await self._redis.script_load(READ)
                found = await self._undecoded("EVALSHA", self._read, *arguments)
        return [Entry(name.decode(), event, place, whole) for name, event, whole in found]

    async def _undecoded(self, *parts: Any) -> Any:
        """Run a command with its answer as bytes: what others wrote may be no text."""
        return await command(self._redis, *parts, **{NEVER_DECODE: True})
