"""Makes a file in the old bot's format, user by user. It only replaces what was there once it is
complete."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from yabot.features.legacy.old_files.replacing import replacing


class NewFile:
    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.users = 0

    @classmethod
    @contextmanager
    def replacing(cls, path: Path) -> Iterator["NewFile"]:
        """The new file keeps the owner and mode of the one that was there. Raises OSError."""
        target = path.resolve()
        with replacing(target, lambda handle: _own(handle, target)) as file:
            made = cls(file)
            yield made
            file.write("}" if made.users else "{}")

    def add(self, key: str, text: str) -> bool:
        """Add an entry with the JSON ``text``. False: it is left out, because the old bot could
        read neither the entry nor the file with it."""
        readable = _readable(text)
        if readable is None:
            return False
        self._file.write(f"{', ' if self.users else '{'}{json.dumps(key)}: {readable}")
        self.users += 1
        return True

    def add_profile(self, key: str, profile: dict[str, Any]) -> None:
        self.add(key, json.dumps(profile))


def _readable(text: str) -> str | None:
    """``text``, with its line breaks as the old bot's parser wants them; None: it is no JSON."""
    try:
        json.loads(text)
    except RecursionError:
        return None
    except ValueError:
        with suppress(ValueError, RecursionError):
            return json.dumps(json.loads(text, strict=False))
        return None
    return text


def _own(handle: int, target: Path) -> None:
    # Where there was no file, the folder's owner gets it.
    like = target if target.exists() else target.parent
    about = like.stat()
    with suppress(PermissionError):
        os.fchown(handle, about.st_uid, about.st_gid)
    if like is target:
        os.fchmod(handle, stat.S_IMODE(about.st_mode))
