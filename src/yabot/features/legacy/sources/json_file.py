"""``db.json``: one object with all users, which the old bot rewrites as a whole."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from yabot import canonical
from yabot.error_text import kind_of
from yabot.errors import InvalidInput
from yabot.features.legacy.record import Record, Refusal
from yabot.features.legacy.sources.fingerprint import age
from yabot.features.legacy.sources.json_scanner import Scanner
from yabot.features.legacy.sources.port import Damage, Entry
from yabot.features.legacy.sources.profile import interpret

# How many members are searched for one whose key is an id, as in the old bot's file.
_MEMBERS_LOOKED_AT = 200
# How often a file that is being written is looked at, and seconds between two looks: the old bot
# takes seconds to rewrite a large one.
_LOOKS = 600
_PAUSE = 0.1
# A file that has not changed for so many looks is not being written.
_LOOKS_AT_QUIET = 10
# Nor is a file that has not changed for so many seconds.
_OLD = 2.0
_TAIL = 64
_NAMELESS = "without a name"


class JsonFile:
    """``wait`` is called between two looks at a file that is being written."""

    kind = "json"

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        self._wait = wait

    def recognizes(self, path: Path) -> bool:
        with path.open("rb") as file:
            return Scanner(file).begins()

    def require_users(self, path: Path) -> None:
        """Raises InvalidInput for an object that is not the old bot's."""
        found = list(islice(self.entries(path), _MEMBERS_LOOKED_AT))
        members = [each for each in found if isinstance(each, Entry)]
        if members and not any(canonical.user_id(each.key) for each in members):
            raise InvalidInput(
                f"{path} is JSON, but not the old bot's: none of its members is named by a "
                "Telegram id"
            )

    def copy(self, path: Path, to: Path) -> None:
        """Waits until nobody is writing; a file that stays torn is copied as it is."""
        before, quiet = None, 0
        try:
            for _ in range(_LOOKS):
                seen = _state(path)
                quiet = quiet + 1 if seen == before else 0
                before = seen
                is_quiet = quiet >= _LOOKS_AT_QUIET or _is_old(path)
                if is_quiet or _ends_whole(path):
                    shutil.copyfile(path, to)
                    if _state(path) == seen and (is_quiet or self._is_whole(to)):
                        return
                self._wait(_PAUSE)
            shutil.copyfile(path, to)
        except FileNotFoundError as error:
            raise InvalidInput(f"{path} is not there any more") from error

    def entries(self, path: Path) -> Iterator[Entry | Damage]:
        try:
            with path.open("rb") as file:
                for found in Scanner(file):
                    yield found if isinstance(found, Damage) or found.key else _named(found)
        except OSError as error:
            raise InvalidInput(f"{path} cannot be read: {kind_of(error)}") from error

    def _is_whole(self, path: Path) -> bool:
        return not any(isinstance(each, Damage) for each in self.entries(path))

    def interpret(self, entry: Entry) -> Record | Refusal:
        return interpret(entry.key, entry.text)


def _named(entry: Entry) -> Entry:
    return replace(entry, key=_NAMELESS)


def _state(path: Path) -> tuple[int, int, int]:
    """Changes when somebody writes the file."""
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def _is_old(path: Path) -> bool:
    return age(path.stat()) > _OLD


def _ends_whole(path: Path) -> bool:
    """Whether the file ends with a closed object, in any encoding; it may be a mere user."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        return file.read().strip(b"\0 \t\r\n").endswith(b"}")
