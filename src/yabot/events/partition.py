"""Which partition an event belongs to."""

from zlib import crc32


def partition_of(key: str, partitions: int) -> int:
    """``key`` is the user's id, or the correlation id of an event without user."""
    return crc32(key.encode()) % partitions
