"""The two functions after a roll-back: they work on the old bot's own file, as its own did."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from yabot.error_text import kind_of
from yabot.errors import InvalidInput, StoreUnavailable
from yabot.features.legacy.access.marks import Profile
from yabot.features.legacy.access.returned import Returned, as_given
from yabot.features.legacy.merging.rules import merge
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable, rewrite
from yabot.features.legacy.old_files.old_format import mirrored
from yabot.features.legacy.phases import Migration
from yabot.features.legacy.record import KISSES, OldUser, Record, Refusal
from yabot.features.legacy.sources.fingerprint import content_of, state_of
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Entry

# Tries, and seconds between two: other writers of the file finish meanwhile.
TRIES, PAUSE = 100, 0.1

Change = Callable[[OldUser | None], OldUser]


@dataclass(frozen=True, slots=True)
class _Found:
    text: str
    record: Record


@dataclass(frozen=True, slots=True)
class OldWay:
    """Synchronous: each call reads the whole file. Its methods raise InvalidInput,
    StoreUnavailable."""

    path: Path

    @classmethod
    def of(cls, migration: Migration) -> "OldWay":
        """For the file that the roll-back's report names as the old bot's."""
        told = migration.report.get("rolled_back", {})
        return cls(Path(told.get("store", migration.path)))

    def get(self, user_id: str) -> Profile:
        found = self._find(user_id)
        if found is not None:
            return as_given(found.record.user)
        return as_given(self._change(user_id, lambda here: here or _new(user_id)))

    def save(self, returned: Returned, given: Profile | None) -> None:
        def take(here: OldUser | None) -> OldUser:
            now = None if here is None else as_given(here)
            base, theirs = returned.compared(given or now)
            if here is None:
                return theirs
            return merge(base, theirs, here).applied_to(here)

        self._change(returned.user_id, take)

    def _change(self, user_id: str, change: Change) -> OldUser:
        for _ in range(TRIES):
            try:
                return self._write(user_id, change)
            except OldFileBusy:
                time.sleep(PAUSE)
            except (OldFileUnusable, OSError) as error:
                raise self._unavailable(error) from error
        raise StoreUnavailable("the old bot's file", "others write it all the time")

    def _write(self, user_id: str, change: Change) -> OldUser:
        state, content = state_of(self.path).text, content_of(self.path)
        found = self._find(user_id)
        here = found.record.user if found else None
        changed = change(here)
        if changed != here:
            mark = found.record.mark if found else 0
            profile = mirrored(changed, mark, found.text if found else None, here)
            rewrite(self.path, {user_id: profile}, state, content)
        return changed

    def _find(self, user_id: str) -> _Found | None:
        """The user's last entry, which is the one that the old bot uses. Raises StoreUnavailable
        for an unreadable entry: a new one in its place would lose the user's data."""
        found: Entry | None = None
        try:
            for entry in JsonFile().entries(self.path):
                if isinstance(entry, Entry) and entry.key == user_id:
                    found = entry
        except InvalidInput as error:
            raise self._unavailable(error) from error
        if found is None:
            return None
        record = JsonFile().interpret(found)
        if isinstance(record, Refusal):
            raise StoreUnavailable("the old bot's file", f"its entry of the user: {record.reason}")
        return _Found(found.text, record)

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        return StoreUnavailable("the old bot's file", kind_of(error))


def _new(user_id: str) -> OldUser:
    return OldUser(user_id=user_id, kisses=KISSES)
