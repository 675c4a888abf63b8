"""Makes the old bot's file anew from the snapshot, where it is missing or torn."""

from pathlib import Path

from yabot.features.legacy.old_files.new_file import NewFile
from yabot.features.legacy.old_files.old_file import OldFileUnusable, require_whole
from yabot.features.legacy.snapshots.snapshot import Snapshot

AT_ONCE = 500


def is_whole(path: Path) -> bool:
    """Whether the old bot could read it. Raises OSError for what cannot be read at all."""
    try:
        require_whole(path)
    except (FileNotFoundError, OldFileUnusable):
        return False
    return True


def restore(path: Path, snapshot: Snapshot) -> int:
    """Make the file; returns its number of users: the snapshot's, but those that are no JSON.

    It still lacks what has happened here since. Raises OSError.
    """
    after = ""
    with NewFile.replacing(path) as file:
        while entries := snapshot.page(after, AT_ONCE):
            after = entries[-1].key
            for entry in entries:
                file.add(entry.key, entry.text)
        return file.users
