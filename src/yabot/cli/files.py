"""Reads and writes files that an operator names: as a whole, in UTF-8."""

import errno
import os
import shutil
from contextlib import suppress
from pathlib import Path

from yabot.error_text import kind_of
from yabot.errors import InvalidInput

# Errors of a file that can be written but not replaced: it is mounted, or its folder is read-only.
NOT_REPLACED = frozenset((errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS))


def read_named(file: Path, kind: str) -> str:
    """The file's text. ``kind`` tells in an error what to name instead. Raises InvalidInput."""
    try:
        # Some Windows editors put a byte order mark before the text.
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {kind_of(error)}; name {kind}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} cannot be read: it is not UTF-8; name {kind}") from error


def write_named(file: Path, text: str) -> None:
    """Replace the file as a whole if possible, or else write into it. Raises InvalidInput."""
    try:
        # A pipe or a device cannot be replaced.
        if (file.exists() and not file.is_file()) or not _is_replaced(file.resolve(), text):
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be written: {kind_of(error)}; name a file in a folder that exists, and"
            " that you may write"
        ) from error


def _is_replaced(file: Path, text: str) -> bool:
    """False if the folder's permissions forbid it, or if the file is a mount itself."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        if file.exists():
            shutil.copymode(file, new)
        new.replace(file)
    except OSError as error:
        if error.errno not in NOT_REPLACED:
            raise
        return False
    finally:
        with suppress(OSError):
            new.unlink(missing_ok=True)
    return True
