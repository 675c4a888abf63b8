"""Takes out of Redis what SQL's retention has taken out of the log."""

from sqlalchemy import Connection, func, select

from yabot.bus.streams import Streams
from yabot.log.tables import outbox, partitions
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database

log = get_logger(__name__)

EVERY = 3600.0


class StreamTrimming:
    """Complements the limit on a stream's length, which a quiet stream reaches late or never."""

    def __init__(self, database: Database, streams: Streams) -> None:
        self._database = database
        self._streams = streams
        self.loop = WakingLoop("streams", self.trim, EVERY)

    async def trim(self) -> None:
        """Remove from each stream the entries before the first event that the log still has.

        Raises StoreUnavailable.
        """
        for partition, first in (await self._database.read(_first_positions)).items():
            removed = await self._streams.trim(partition, first)
            if removed:
                log.info("stream.trimmed", partition=partition, entries=removed)


def _first_positions(connection: Connection) -> dict[int, int]:
    """The first position by partition; one after the last published, if the log has no event."""
    found = {}
    for row in connection.execute(select(partitions)).all():
        lowest = select(func.min(outbox.c.pos)).where(outbox.c.partition == row.partition)
        first = connection.execute(lowest).scalar()
        found[row.partition] = row.published_pos + 1 if first is None else first
    return found
