"""The old store by user: a SQLite file of our own, made from a copy that nobody writes.

An import reads it, a first touch looks into it, and a roll-back begins from it. It may be made
again from the same store at any time, and then says what has changed there.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Self

from yabot.error_text import error_text
from yabot.errors import StartupError, StoreUnavailable
from yabot.features.legacy.sources.fingerprint import content_of, state_of
from yabot.features.legacy.sources.port import Damage, Entry, Source
from yabot.runtime.lock import file_lock

FILE = "snapshot.db"
_COPY = "store.copy"
_LOCK = "snapshot.lock"
# Entries in one transaction: readers of the file see them come.
BATCH = 500

OnProgress = Callable[[int], None]
"""Told how many entries have been read; whatever it raises ends the reading."""

_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    key TEXT PRIMARY KEY, text TEXT NOT NULL, digest BLOB NOT NULL, changed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ix_entries_changed ON entries (changed, key) WHERE changed > 1;
CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS doubled (key TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS gone (key TEXT PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""
_SEE = "INSERT INTO seen VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET times = times + 1"
_PUT = """
INSERT INTO entries VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
SET text = excluded.text, digest = excluded.digest, changed = excluded.changed
WHERE digest <> excluded.digest
"""
_NOTE_GONE = """
INSERT OR REPLACE INTO gone SELECT key, ? FROM entries WHERE key NOT IN (SELECT key FROM seen)
"""


class Snapshot:
    """Synchronous and thread-safe. Several processes may have it open."""

    def __init__(self, folder: Path) -> None:
        """``folder`` must hold a snapshot that was made before: see ``take`` and ``open``."""
        self._path = folder / FILE
        self._lock = Lock()
        self._connection = _connect(self._path)

    @classmethod
    def take(
        cls,
        source: Source,
        path: Path,
        folder: Path,
        on_progress: OnProgress = lambda _read: None,
    ) -> Self:
        """Bring the snapshot in ``folder`` to what the store has now; an unchanged store is not
        read. Of several entries with one key the last one counts, as for the old bot.

        If the store breaks off, entries that are missing in it stay as they were. Raises
        InvalidInput for a store that cannot be read, StartupError when there is no room for a copy.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One caller at a time brings it up to date.
        with file_lock(folder / _LOCK, wait=True):
            _make_private(folder / FILE)
            try:
                snapshot = cls(folder)
                try:
                    snapshot._bring_up_to_date(source, path, folder / _COPY, on_progress)
                except BaseException:
                    snapshot.close()
                    raise
            except (OSError, sqlite3.Error) as error:
                raise StartupError(
                    f"the snapshot of {path} cannot be written to {folder}: {error_text(error)}"
                ) from error
        return snapshot

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """The snapshot that was taken last; None: there is none, or the first is incomplete."""
        if not (folder / FILE).is_file():
            return None
        snapshot = cls(folder)
        if snapshot.generation:
            return snapshot
        snapshot.close()
        return None

    @property
    def file(self) -> Path:
        return self._path

    @property
    def generation(self) -> int:
        """Counts how often the store's content was another one when it was read."""
        return int(self._about("generation") or 0)

    @property
    def count(self) -> int:
        return int(self._value("SELECT count(*) FROM entries"))

    @property
    def damage(self) -> Damage | None:
        """Where the store broke off when it was read last."""
        where = self._about("damage")
        return None if where is None else Damage(where)

    @property
    def contents(self) -> tuple[str | None, str | None]:
        """What ``state_of`` and ``content_of`` said of the store when it was read last."""
        return self._about("state"), self._about("content")

    @property
    def merged(self) -> int:
        """Up to which generation all changes have been merged."""
        return int(self._about("merged") or 0)

    def note_merged(self, generation: int) -> None:
        self._note(merged=str(generation))

    @property
    def gone(self) -> int:
        """How many entries the store did not have any more when it was read last."""
        return int(self._about("gone") or 0)

    def page(self, after: str, size: int) -> list[Entry]:
        """The next entries in the order of their keys."""
        query = "SELECT key, text FROM entries WHERE key > ? ORDER BY key LIMIT ?"
        return [Entry(*row) for row in self._all(query, after, size)]

    def changed(self, since: int, after: str, size: int) -> list[Entry]:
        """The next entries, by their keys, that are new or changed since that generation."""
        if not since:
            return self.page(after, size)
        query = (
            "SELECT key, text FROM entries WHERE changed > max(?, 1) AND key > ? "
            "ORDER BY key LIMIT ?"
        )
        return [Entry(*row) for row in self._all(query, since, after, size)]

    def find(self, key: str) -> Entry | None:
        found = self._all("SELECT key, text FROM entries WHERE key = ?", key)
        return Entry(*found[0]) if found else None

    def taken_out(self, since: int, after: str, size: int) -> list[str]:
        """The next keys that have vanished from the store since that generation."""
        query = "SELECT key FROM gone WHERE since > ? AND key > ? ORDER BY key LIMIT ?"
        return [key for (key,) in self._all(query, since, after, size)]

    def doubled(self, after: str, size: int) -> list[str]:
        """The next keys that stood in the store more than once."""
        query = "SELECT key FROM doubled WHERE key > ? ORDER BY key LIMIT ?"
        return [key for (key,) in self._all(query, after, size)]

    @property
    def passed_over(self) -> int:
        """How many entries stood in the store before a later one of the same key."""
        return int(self._value("SELECT coalesce(sum(times - 1), 0) FROM doubled"))

    def remove(self, *keys: str) -> None:
        """Remove these entries; nothing of them is left in the file, nor in its log.

        Raises StoreUnavailable while a reader keeps the log from being emptied. The entries are
        gone from the file by then; call it again for the log.
        """
        with self._lock:
            with self._transaction():
                for table in ("entries", "seen", "doubled", "gone"):
                    self._connection.executemany(
                        f"DELETE FROM {table} WHERE key = ?",  # noqa: S608 - names of our own
                        [(key,) for key in keys],
                    )
            checkpoint = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if checkpoint[0]:
            raise StoreUnavailable("the snapshot's log", "somebody reads it, and will have ended")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _bring_up_to_date(
        self, source: Source, path: Path, copy: Path, on_progress: OnProgress
    ) -> None:
        state = state_of(path)
        is_known = self._about("path") == str(path.absolute())
        if is_known and state.is_settled and self._about("state") == state.text:
            return
        copy.unlink(missing_ok=True)
        try:
            _make_private(copy)
            source.copy(path, copy)
            content = content_of(copy)
            # A process that died while it read has left no ``content``, so the store is read again.
            if not (is_known and self._about("content") == content):
                self._read(source, copy, on_progress)
            self._note(
                path=str(path.absolute()), kind=source.kind, content=content, state=state.text
            )
        finally:
            copy.unlink(missing_ok=True)

    def _read(self, source: Source, copy: Path, on_progress: OnProgress) -> None:
        generation = self.generation + 1
        self._note(content=None, state=None)
        with self._transaction():
            self._connection.execute("DELETE FROM seen")
        read, damage = 0, None
        entries = source.entries(copy)
        while batch := list(islice(entries, BATCH)):
            if isinstance(last := batch[-1], Damage):
                damage = last.where
            found = [each for each in batch if isinstance(each, Entry)]
            self._put(found, generation)
            read += len(found)
            on_progress(read)
        self._end(generation, damage)

    def _put(self, entries: Sequence[Entry], generation: int) -> None:
        rows = [(each.key, each.text, _digest(each.text), generation) for each in entries]
        with self._transaction():
            self._connection.executemany(_SEE, [row[:1] for row in rows])
            self._connection.executemany(_PUT, rows)

    def _end(self, generation: int, damage: str | None) -> None:
        run = self._connection.execute
        with self._transaction():
            run("DELETE FROM doubled")
            run("INSERT INTO doubled SELECT key, times FROM seen WHERE times > 1")
            gone = 0
            if damage is None:
                run(_NOTE_GONE, (generation,))
                run("DELETE FROM gone WHERE key IN (SELECT key FROM seen)")
                gone = run("DELETE FROM entries WHERE key NOT IN (SELECT key FROM seen)").rowcount
            run("DELETE FROM seen")
            self._remember(generation=str(generation), damage=damage, gone=str(gone))

    def _note(self, **values: str | None) -> None:
        with self._transaction():
            self._remember(**values)

    def _remember(self, **values: str | None) -> None:
        statement = "INSERT INTO about VALUES (?, ?) ON CONFLICT DO UPDATE SET value = ?"
        for name, value in values.items():
            self._connection.execute(statement, (name, value, value))

    def _about(self, name: str) -> str | None:
        found = self._all("SELECT value FROM about WHERE name = ?", name)
        return found[0][0] if found else None

    def _value(self, query: str) -> int:
        return int(self._all(query)[0][0])

    def _all(self, query: str, *values: object) -> list[tuple[str, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=30, isolation_level=None, check_same_thread=False)
    # What a power cut loses is read once more.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_TABLES)
    return connection


def _digest(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=16).digest()


def _make_private(file: Path) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
