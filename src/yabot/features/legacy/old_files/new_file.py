"""A file in the old bot's format, made from the first user to the last: it is there as a whole, or
what was there before is."""

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from yabot.features.legacy.old_files.old_file import clear_leftovers


class NewFile:
    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.users = 0

    @classmethod
    @contextmanager
    def replacing(cls, path: Path) -> Iterator["NewFile"]:
        """Whoever could use what was there can use it. Raises OSError."""
        target = path.resolve()
        clear_leftovers(target)
        temporary = target.with_name(f".{target.name}.yabot-{os.getpid()}")
        try:
            with _created(temporary, target) as file:
                made = cls(file)
                yield made
                file.write("}" if made.users else "{}")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)

    def add(self, key: str, text: str) -> bool:
        """``text`` is JSON, as it is to stand there; False: the old bot could not read it, nor the
        file with it, and it is left out."""
        try:
            json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return False
        self._file.write(f"{', ' if self.users else '{'}{json.dumps(key)}: {text}")
        self.users += 1
        return True

    def add_profile(self, key: str, profile: dict[str, Any]) -> None:
        self.add(key, json.dumps(profile))


def _created(temporary: Path, target: Path) -> TextIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    handle = os.open(temporary, flags, 0o600)
    # Where nothing was, it is of whose folder it is in.
    like = target if target.exists() else target.parent
    about = like.stat()
    with suppress(PermissionError):
        os.fchown(handle, about.st_uid, about.st_gid)
    if like is target:
        os.fchmod(handle, stat.S_IMODE(about.st_mode))
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
