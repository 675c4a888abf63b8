"""Reads the log on from where a group is, and notices that it is another one."""

from yabot.bus import outbox
from yabot.bus.groups.progress import Progress
from yabot.events.partition import Entry
from yabot.storage.relational.database import Database


class Rewound(Exception):
    """An older copy of SQL has come back: what comes next has positions that were taken on."""


async def read_on(database: Database, progress: Progress) -> tuple[list[Entry], bool]:
    """The next events, and whether there may be more. Raises StoreUnavailable, Rewound.

    The one that was taken on last is read along: the log may have grown as far as that again.
    """
    after = outbox.entries_after(progress.partition, progress.taken - 1)
    entries = await database.read(after)
    more = len(entries) == outbox.READ_AT_ONCE
    if entries and entries[0].pos == progress.taken:
        ids = {entries.pop(0).event_id, progress.taken_id}
        if len(ids - {None}) > 1:
            raise Rewound
    return entries, more
