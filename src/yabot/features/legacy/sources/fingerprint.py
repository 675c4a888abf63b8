"""Whether a file is the one that was read before."""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

# What SQLite keeps beside a database belongs to its content.
_PARTS = ("", "-wal", "-journal")
_CHUNK = 1024 * 1024
# Seconds. Two writes within one tick of the file system's clock leave one time.
_TICK = 2.0


@dataclass(frozen=True, slots=True)
class State:
    """``text`` is another one when somebody has written, if it ``is_settled``."""

    text: str
    is_settled: bool


def state_of(path: Path) -> State:
    seen: list[os.stat_result] = []
    for part in _PARTS:
        with suppress(FileNotFoundError):
            seen.append(path.with_name(path.name + part).stat())
    text = " ".join(f"{each.st_ino}:{each.st_size}:{each.st_mtime_ns}" for each in seen)
    now = time.time()  # noqa: TID251 - as files are dated
    return State(text, all(now - each.st_mtime > _TICK for each in seen))


def content_of(path: Path) -> str:
    """A digest of all that stands there."""
    digest = blake2b(digest_size=16)
    for part in _PARTS:
        with suppress(FileNotFoundError), path.with_name(path.name + part).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
