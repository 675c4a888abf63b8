"""Folders and files that are the owner's alone.

What somebody else owns, or may exchange, is not used: neither a file nor a link to one. What is
ours, and only too wide, is narrowed.
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
# By a group that may read, root hands keys to us: Debian's ssl-cert, the secrets of Kubernetes.
ALL_BUT_A_READING_GROUP = 0o037
UMASK = OTHERS


def leave_nothing_to_others() -> None:
    """From now on this process and its children make files that are their owner's alone, and no
    core file, which would hold every secret and all that readers have just said."""
    os.umask(UMASK)
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def private_folder(folder: Path, variable: str, mark: str) -> None:
    """Make it, or see that it is private; one that holds ``mark``, a file of ours, is narrowed.

    Raises ConfigurationError, with ``variable`` as the setting that names it, for a folder that
    others own or may write into.
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
    """See that ``file``, which need not be there, is ours, and narrow it. Raises as above."""
    with refusals_told(file, variable, "file"):
        require_ours(file, variable)
        if file.is_file() and file.stat().st_uid == os.geteuid():
            narrow(file)


@contextmanager
def refusals_told(path: Path, variable: str, kind: str = "folder") -> Iterator[None]:
    """What the file system refuses meanwhile is a ConfigurationError, with its reason; what this
    machine grants no more of is a LimitReached."""
    try:
        yield
    except OSError as error:
        # In the way of a folder that is to be made: "File exists" would help nobody.
        is_in_the_way = isinstance(error, FileExistsError)
        reason = f"{error.filename} is no folder" if is_in_the_way else error.strerror
        refused = ConfigurationError(
            [f"{variable}: {path} cannot be used: {reason}; name another {kind}"]
        )
        raise limit_reached(error, f"{variable} ({path})") or refused from error


def require_ours(path: Path, variable: str) -> None:
    """Neither ``path`` nor what it links to may be another user's; root's may. Raises as above."""
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
    """What lets others at the key in ``file``; None when nothing does. Raises OSError.

    It is ours, with mode 0600 or less; or root's, who may let a group read it: 0640 or less.
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
    """Take away what others may do with it."""
    if mode := _mode(path) & OTHERS:
        path.chmod(_mode(path) & ~mode)


def is_wide(path: Path) -> bool:
    """Whether others may read or write it; what is not there, or a device, is not."""
    try:
        about = path.stat()
    except OSError:
        return False
    kept = stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)
    return kept and bool(about.st_mode & OTHERS)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
