"""Tells whether a file has changed since it was read."""

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
    """``text`` changes with each write; it is only sure to do so if the state ``is_settled``."""

    text: str
    is_settled: bool


def state_of(path: Path) -> State:
    seen: list[os.stat_result] = []
    for part in _PARTS:
        with suppress(FileNotFoundError):
            seen.append(path.with_name(path.name + part).stat())
    text = " ".join(f"{each.st_ino}:{each.st_size}:{each.st_mtime_ns}" for each in seen)
    return State(text, all(age(each) > _TICK for each in seen))


def age(about: os.stat_result) -> float:
    """Seconds since it was last written, by the clock that dates files; below 0 for a time to
    come."""
    return time.time() - about.st_mtime  # noqa: TID251 - not the program's clock


def content_of(path: Path) -> str:
    """A digest of all that stands there."""
    digest = blake2b(digest_size=16)
    for part in _PARTS:
        with suppress(FileNotFoundError), path.with_name(path.name + part).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()
