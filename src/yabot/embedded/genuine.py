"""Checks that a packaged program is the one that was published."""

import hashlib
from collections.abc import Collection
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from yabot.errors import ConfigurationError


def require_genuine(binary: Path, sums: Collection[str], stamp: Path, variable: str) -> None:
    """Raises ConfigurationError unless the SHA-256 of ``binary`` is one of ``sums``.

    ``stamp`` remembers which file was found genuine, to save reading 140 MB at every start: only
    the kernel sets the time of a file's last change (ctime).
    """
    about = binary.stat()
    seen = f"{about.st_dev} {about.st_ino} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}"
    with suppress(OSError):
        if stamp.read_text() == seen:
            return
    if _sum(binary, seen) not in sums:
        raise ConfigurationError(
            [
                f"{binary} is not the program that its package was published with: install the "
                f"package anew, or set {variable} to a server."
            ]
        )
    stamp.write_text(seen)


@lru_cache
def _sum(binary: Path, _seen: str) -> str:
    with binary.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
