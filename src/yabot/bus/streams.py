"""The streams of Redis, one a partition; an entry's id is its event's position and ``-0``."""

from collections.abc import Sequence
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from yabot.bus.connection import store_errors
from yabot.events.partition import Entry

NO_SUCH_KEY = "no such key"
SCRIPT = (Path(__file__).parent / "append.lua").read_text()


def stream_name(partition: int) -> str:
    """The braces keep all keys of a partition on one node of a Redis Cluster."""
    return f"yabot:events:{{{partition}}}"


class Streams:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(SCRIPT)

    async def position(self, partition: int) -> int:
        """Where the stream stands; 0 when there is none. Raises StoreUnavailable."""
        with store_errors():
            try:
                info = await self._redis.xinfo_stream(stream_name(partition))
            except ResponseError as error:
                if NO_SUCH_KEY not in str(error):
                    raise
                return 0
        return int(info["last-generated-id"].partition("-")[0])

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
