"""Which partition an event belongs to, and its place there."""

from typing import NamedTuple
from zlib import crc32

from yabot.events.envelope import Envelope, id_in


def partition_of(key: str, partitions: int) -> int:
    """``key`` is the user's id, or the correlation id of an event without user."""
    return crc32(key.encode()) % partitions


class Entry(NamedTuple):
    """An event in the log: ``pos`` counts from 1 within its partition, without gaps."""

    partition: int
    pos: int
    event_type: str
    # The envelope's JSON.
    envelope: str

    @property
    def event_id(self) -> str | None:
        """None when its envelope does not begin as expected."""
        return id_in(self.envelope)

    def read(self) -> Envelope:
        return Envelope.model_validate_json(self.envelope)
