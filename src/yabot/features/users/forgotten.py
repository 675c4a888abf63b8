"""Who has asked to be forgotten, remembered by a salted digest of their id alone.

A backup still has them. The list is a file of its own, which a restore of the databases leaves as
it is: whoever is in the databases again is deleted again.
"""

import asyncio
import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TextIO

from yabot.clock import rfc3339
from yabot.error_text import error_text
from yabot.errors import ConfigurationError
from yabot.observability.logging import get_logger

log = get_logger(__name__)

FILE_NAME = "forgotten"
_SALT = "salt"
# Of lines that say no more than others: whoever forgets and comes back, again and again, adds two.
MOST_LINES = 1000
_TAKEN_BACK = "not "


@dataclass(frozen=True, slots=True)
class Forgotten:
    """When each of those who wanted to be forgotten had registered, by digest.

    Not when they wanted it: the clock may have been ahead by then, and set right before they came
    back. Lists of an earlier version hold that all the same, which is later.
    """

    salt: bytes
    registered: dict[str, list[datetime]]

    def has(self, user_id: str, since: datetime) -> bool:
        """Whether one who registered ``since`` then has asked for it afterwards."""
        dates = self.registered.get(_digest(self.salt, user_id), ())
        return any(since <= date for date in dates)


class ForgottenList:
    def __init__(self, folder: Path | None) -> None:
        """Without a ``folder`` nothing is remembered."""
        self._path = None if folder is None else folder / FILE_NAME

    async def note(self, user_id: str, registered: datetime) -> None:
        """Before the deletion: one that is noted and not made is made at the next start.

        Whoever wants to be forgotten is not kept waiting for a disk that cannot be written, or a
        list that has lost its salt.
        """
        await self._write(user_id, rfc3339(registered))

    async def take_back(self, user_id: str, registered: datetime) -> None:
        """What was noted of them: the deletion was refused."""
        await self._write(user_id, f"{_TAKEN_BACK}{rfc3339(registered)}")

    async def _write(self, user_id: str, said: str) -> None:
        if self._path is None:
            return
        try:
            await asyncio.to_thread(_append, self._path, user_id, said)
        except (OSError, ConfigurationError) as error:
            log.exception("forgotten.not_noted", reason=error_text(error))

    async def read(self) -> Forgotten:
        """Raises ConfigurationError for a list that cannot be read, or has lost its salt."""
        if self._path is None:
            return Forgotten(b"", {})
        try:
            text = await asyncio.to_thread(_text, self._path)
        except FileNotFoundError:
            return Forgotten(b"", {})
        except OSError as error:
            raise ConfigurationError(
                [
                    f"YABOT_DATA_DIR: {self._path} cannot be read: {error.strerror}; make it a "
                    "file of the user that runs this program: until then nobody whom a backup has "
                    "brought back is deleted again"
                ]
            ) from error
        return _salted(self._path, text)


def _text(path: Path) -> str:
    """What a damaged disk has made of it is for ``_parsed`` to pass over."""
    return path.read_text("ascii", errors="replace")


def _append(path: Path, user_id: str, said: str) -> None:
    with _locked(path) as file:
        file.seek(0)
        text = file.read()
        known = _salted(path, text)
        salt = known.salt or secrets.token_bytes(32)
        if text and not text.endswith("\n"):
            # A crash has cut the last one short: it would swallow this one.
            file.write("\n")
        if not known.salt:
            file.write(f"{_SALT} {salt.hex()}\n")
        file.write(f"{_digest(salt, user_id)} {said}\n")
        file.flush()
        os.fsync(file.fileno())
        if text.count("\n") >= MOST_LINES + 4 * len(known.registered):
            _shorten(path)


@contextmanager
def _locked(path: Path) -> Iterator[TextIO]:
    """One at a time: two that find no salt would each write one."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "a+", encoding="ascii", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # Whoever had it may have put a shorter one into its place.
            if os.path.samestat(os.fstat(handle), path.stat()):
                yield file
                return


def _shorten(path: Path) -> None:
    """Keep the newest date of each, which stands for those before it, and the one before that: the
    newest may be taken back."""
    known = _parsed(_text(path).splitlines())
    lines = [f"{_SALT} {known.salt.hex()}"]
    for digest, dates in known.registered.items():
        lines += [f"{digest} {rfc3339(date)}" for date in sorted(dates)[-2:]]
    shorter = path.with_name(f"{path.name}.new")
    with open(shorter, "w", encoding="ascii", opener=_private) as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    shorter.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _salted(path: Path, text: str) -> Forgotten:
    """Another salt would outdate for good what was noted by the one that a disk has damaged.

    Raises ConfigurationError for a list without it that holds anything else.
    """
    known = _parsed(text.splitlines())
    if known.registered and not known.salt:
        raise ConfigurationError(
            [
                f"YABOT_DATA_DIR: the line '{_SALT}' of {path} is damaged or gone, without which "
                "nobody is found in it: put that line, or the file, back from a backup; until then "
                "nobody whom a backup has brought back is deleted again, and nobody is noted"
            ]
        )
    return known


def _parsed(lines: Iterable[str]) -> Forgotten:
    """A line that a crash has cut short is passed over."""
    salt, registered = b"", dict[str, list[datetime]]()
    for line in lines:
        name, _, value = line.partition(" ")
        try:
            if name == _SALT:
                salt = bytes.fromhex(value)
            elif value.startswith(_TAKEN_BACK):
                date = datetime.fromisoformat(value.removeprefix(_TAKEN_BACK))
                # One of them: another deletion may have noted the same, and been made.
                registered[name].remove(date)
            else:
                registered.setdefault(name, []).append(datetime.fromisoformat(value))
        except (KeyError, ValueError):
            log.warning("forgotten.line_unreadable")
    return Forgotten(salt, {digest: found for digest, found in registered.items() if found})


def _digest(salt: bytes, user_id: str) -> str:
    return blake2b(user_id.encode(), key=salt, digest_size=32).hexdigest()
