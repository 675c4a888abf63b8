"""The streams of Redis, one a partition; an entry's id is its event's position and ``-0``."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from yabot.bus.connection import store_errors
from yabot.bus.topologies.cluster import ClusterClient
from yabot.events.partition import Entry

NO_SUCH_KEY = "no such key"
READ_AT_ONCE = 500
# Seconds that a read waits at most.
LONGEST_READ = 1.0
SCRIPT = (Path(__file__).parent / "append.lua").read_text()


class Appended(NamedTuple):
    # Where the stream stands now.
    last: int
    # Whether this call has appended; False: the stream stood there already.
    added: bool


def stream_name(partition: int) -> str:
    """The braces keep all keys of a partition on one node of a Redis Cluster."""
    return f"yabot:events:{{{partition}}}"


class Streams:
    """Each method is one command or one script, and can safely be repeated."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(SCRIPT)
        # A read that finds nothing has to end before its connection is given up.
        options: dict[str, Any] = redis.connection_pool.connection_kwargs
        timeout = options.get("socket_timeout") or LONGEST_READ
        self._patience_ms = int(min(timeout / 2, LONGEST_READ) * 1000)

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

    async def envelope_at(self, partition: int, pos: int) -> str | None:
        """The envelope at ``pos``; None if there is no such entry. Raises StoreUnavailable."""
        entry_id = f"{pos}-0"
        with store_errors():
            found: Any = await self._redis.xrange(stream_name(partition), entry_id, entry_id)
        return found[0][1].get("event", "") if found else None

    def read_together(self, partitions: Sequence[int]) -> list[Sequence[int]]:
        """The partitions that one ``read`` may wait for: in a Cluster, each has its own slot."""
        if isinstance(self._redis, ClusterClient):
            return [[partition] for partition in partitions]
        return [partitions]

    async def read(self, positions: Mapping[int, int]) -> dict[int, list[tuple[int, str]]]:
        """Positions and envelopes after ``positions``, by partition; waits a moment for the first.

        Raises StoreUnavailable.
        """
        after: Any = {stream_name(partition): f"{pos}-0" for partition, pos in positions.items()}
        with store_errors():
            found: Any = await self._redis.xread(after, READ_AT_ONCE, self._patience_ms)
        partitions = {stream_name(partition): partition for partition in positions}
        return {
            partitions[stream]: [
                (int(entry_id.partition("-")[0]), fields.get("event", ""))
                for entry_id, fields in entries
            ]
            for stream, entries in found
        }

    async def trim(self, partition: int, first: int) -> int:
        """Remove the entries before position ``first``, and return how many they were. The stream's
        own position stays. Raises StoreUnavailable.
        """
        with store_errors():
            removed = await self._redis.xtrim(
                stream_name(partition), minid=f"{first}-0", approximate=False
            )
        return int(removed)

    async def append(self, partition: int, stands_at: int, entries: Sequence[Entry]) -> Appended:
        """Add and publish ``entries`` if the stream's last position is ``stands_at``: all or none.
        Before Redis 7.0, if we may not publish one, those before it are added.

        Raises StoreUnavailable: then the outcome is unknown, and the call may be repeated.
        """
        arguments: list[str | int] = [stands_at]
        for entry in entries:
            arguments += (entry.pos, entry.event_type, entry.envelope)
        with store_errors():
            last, added = await self._append(keys=[stream_name(partition)], args=arguments)
        return Appended(last, bool(added))
