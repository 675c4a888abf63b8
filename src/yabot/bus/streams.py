"""The streams of Redis, one a partition; an entry's id is its event's position and ``-0``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis

from yabot.bus.connection import store_errors

SCRIPT = (Path(__file__).parent / "append.lua").read_text()


@dataclass(frozen=True, slots=True)
class Entry:
    pos: int
    event_type: str
    envelope: str


def stream_name(partition: int) -> str:
    """The braces keep all keys of a partition on one node of a Redis Cluster."""
    return f"yabot:events:{{{partition}}}"


class Streams:
    def __init__(self, redis: Redis) -> None:
        self._append = redis.register_script(SCRIPT)

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> int:
        """Add ``entries`` if the stream's last position is ``stands_at``; all of them or none.

        Returns the stream's last position, which tells whether they are there. Raises
        StoreUnavailable: then nothing is known, and the same call may be made again.
        """
        arguments: list[str | int] = [stands_at]
        for entry in entries:
            arguments += (entry.pos, entry.event_type, entry.envelope)
        with store_errors():
            return int(await self._append(keys=[stream_name(partition)], args=arguments))
