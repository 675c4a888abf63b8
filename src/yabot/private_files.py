"""Folders and files that only their owner may use.

A file or link that somebody else owns or may replace is not used. If it is ours and others have too
many rights to it, those are taken away.
"""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from yabot.errors import ConfigurationError
from yabot.machine_limits import limit_reached

OTHERS = 0o077
OTHERS_MAY_WRITE = 0o022
ROOT = 0
# Root may hand keys to us through a group that may read: Debian's ssl-cert, Kubernetes' secrets.
ALL_BUT_A_READING_GROUP = 0o037
UMASK = OTHERS


def leave_nothing_to_others() -> None:
    """Make this process and its children create private files only, and no core files, which would
    hold every secret and all recent messages of readers."""
    os.umask(UMASK)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def private_folder(folder: Path, variable: str, mark: str) -> None:
    """Create ``folder``, or check that it is private; one with our file ``mark`` is made private.

    Raises ConfigurationError, which names the setting ``variable``, for a folder that others own or
    may write into.
    """
    with refusals_told(folder, variable):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_ours(folder, variable)
        if _mode(folder) & OTHERS and (folder / mark).is_file():
            narrow(folder)
        if _mode(folder) & OTHERS_MAY_WRITE:
            raise ConfigurationError(
                [
                    f"{variable}: others may write into {folder}; run chmod 700 {folder}, or name "
                    "a folder in it, which is made for this user alone"
                ]
            )


def private_file(file: Path, variable: str) -> None:
    """Check that ``file``, if it exists, is ours, and make it private. Raises as above."""
    with refusals_told(file, variable, "file"):
        require_ours(file, variable)
        if file.is_file() and file.stat().st_uid == os.geteuid():
            narrow(file)


@contextmanager
def refusals_told(path: Path, variable: str, kind: str = "folder") -> Iterator[None]:
    """Turn an OSError into a ConfigurationError with its reason, or into a LimitReached."""
    try:
        yield
    except OSError as error:
        # A file is in the way of a folder to be created: "File exists" would help nobody.
        is_in_the_way = isinstance(error, FileExistsError)
        reason = f"{error.filename} is no folder" if is_in_the_way else error.strerror
        refused = ConfigurationError(
            [f"{variable}: {path} cannot be used: {reason}; name another {kind}"]
        )
        raise limit_reached(error, f"{variable} ({path})") or refused from error


def require_ours(path: Path, variable: str) -> None:
    """Raises ConfigurationError if ``path`` or what it links to is neither ours nor root's."""
    found = []
    for look in (path.lstat, path.stat):
        with suppress(FileNotFoundError):
            found.append(look().st_uid)
    if not {os.geteuid(), 0}.issuperset(found):
        raise ConfigurationError(
            [
                f"{variable}: {path} belongs to another user; run this program as that user, or "
                "name another place"
            ]
        )


@dataclass(frozen=True, slots=True)
class Exposure:
    """Why a key is not ours alone, in words that follow its file's name, and how to mend it."""

    wrong: str
    mend: str


def key_exposure(file: Path) -> Exposure | None:
    """Why others can get at the key in ``file``; None if they cannot. Raises OSError.

    It has to be ours, with mode 0600 or less, or root's, with mode 0640 or less.
    """
    me, owners = os.geteuid(), {file.lstat().st_uid, (about := file.stat()).st_uid}
    if not {me, ROOT}.issuperset(owners):
        return Exposure("belongs to another user", f"make it this user's: chown {me} {file}")
    delivered = about.st_uid == ROOT != me
    forbidden = ALL_BUT_A_READING_GROUP if delivered else OTHERS
    if not about.st_mode & forbidden:
        return None
    mode = stat.S_IMODE(about.st_mode)
    mend = f"run chmod {'640' if delivered else '600'} {file}"
    return Exposure(f"may be read or changed by others (mode {mode:04o})", mend)


def narrow(path: Path) -> None:
    """Take away all rights of others."""
    if mode := _mode(path) & OTHERS:
        path.chmod(_mode(path) & ~mode)


def is_wide(path: Path) -> bool:
    """Whether others have any right to a file or folder; false for devices and missing paths."""
    try:
        about = path.stat()
    except OSError:
        return False
    kept = stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)
    return kept and bool(about.st_mode & OTHERS)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
