"""Reads the log on from where a group is, and notices when the log was restored."""

from yabot.bus import outbox
from yabot.bus.groups.progress import Progress
from yabot.events.partition import Entry
from yabot.storage.relational.database import Database


class Rewound(Exception):
    """An older copy of SQL was restored: new events have positions that were taken on before."""


async def read_on(database: Database, progress: Progress) -> tuple[list[Entry], bool]:
    """The next events, and whether there may be more. Raises StoreUnavailable, Rewound.

    The event taken on last is read along: a restored log may have grown as far as that again.
    """
    after = outbox.entries_after(progress.partition, progress.taken - 1)
    entries = await database.read(after)
    more = len(entries) == outbox.READ_AT_ONCE
    if entries and entries[0].pos == progress.taken:
        ids = {entries.pop(0).event_id, progress.taken_id}
        if len(ids - {None}) > 1:
            raise Rewound
    return entries, more
