"""The users who asked to be forgotten, each known only by a salted digest of the id.

A backup still has these users. The list is a file of its own, which a restore of the databases
leaves as it is: users whom a restore brings back are deleted again.
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
# How many superfluous lines the list may have: users who are forgotten, come back and are forgotten
# again add more and more.
MOST_LINES = 1000
_TAKEN_BACK = "not "


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The registration dates of the forgotten users, by digest.

    Not the dates of the requests: the clock may have been ahead then, and set right before the user
    came back. Lists of an earlier version hold request dates, which are later.
    """

    salt: bytes
    registered: dict[str, list[datetime]]

    def has(self, user_id: str, since: datetime) -> bool:
        """Whether a user who registered at ``since`` asked to be forgotten afterwards."""
        dates = self.registered.get(_digest(self.salt, user_id), ())
        return any(since <= date for date in dates)


class ForgottenList:
    def __init__(self, folder: Path | None) -> None:
        """Without a ``folder`` nothing is remembered."""
        self._path = None if folder is None else folder / FILE_NAME

    async def note(self, user_id: str, registered: datetime) -> None:
        """Note a deletion before it is made; one that was noted but not made is made at the next
        start.

        If the list cannot be written, or has lost its salt, the error is only logged: the deletion
        does not wait for that.
        """
        await self._write(user_id, rfc3339(registered))

    async def take_back(self, user_id: str, registered: datetime) -> None:
        """Undo ``note``, because the deletion was refused."""
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
    """Bytes that a damaged disk has spoilt are replaced; ``_parsed`` skips such lines."""
    return path.read_text("ascii", errors="replace")


def _append(path: Path, user_id: str, said: str) -> None:
    with _locked(path) as file:
        file.seek(0)
        text = file.read()
        known = _salted(path, text)
        salt = known.salt or secrets.token_bytes(32)
        if text and not text.endswith("\n"):
            # A crash has cut the last line short: the new one would be joined to it.
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
    """Open and lock the list: two writers that find no salt would each write one."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "a+", encoding="ascii", errors="replace") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            # The last holder of the lock may have replaced the file by a shorter one.
            if os.path.samestat(os.fstat(handle), path.stat()):
                yield file
                return


def _shorten(path: Path) -> None:
    """Keep each user's two newest dates: the newest covers the others, but may be taken back."""
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
    """Parse the list; a new salt would make the notes under a lost one useless for good.

    Raises ConfigurationError for a list that has notes but no salt.
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
                # Only one: another deletion may have noted the same date, and been made.
                registered[name].remove(date)
            else:
                registered.setdefault(name, []).append(datetime.fromisoformat(value))
        except (KeyError, ValueError):
            log.warning("forgotten.line_unreadable")
    return Forgotten(salt, {digest: found for digest, found in registered.items() if found})


def _digest(salt: bytes, user_id: str) -> str:
    return blake2b(user_id.encode(), key=salt, digest_size=32).hexdigest()
