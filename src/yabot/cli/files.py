"""Files that an operator names: read and written whole, in UTF-8."""

import os
import shutil
from pathlib import Path

from yabot.error_text import kind_of
from yabot.errors import InvalidInput


def read_named(file: Path, kind: str) -> str:
    """What is in it. ``kind`` says what to name instead. Raises InvalidInput."""
    try:
        # Some editors of Windows put a mark before the text.
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {kind_of(error)}; name {kind}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} cannot be read: it is not UTF-8; name {kind}") from error


def write_named(file: Path, text: str) -> None:
    """All of it, or what was there before. Raises InvalidInput."""
    try:
        if file.exists() and not file.is_file():
            file.write_text(text, encoding="utf-8")  # a pipe, or a device
        else:
            _replace(file.resolve(), text)
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be written: {kind_of(error)}; name a file in a folder that exists, and"
            " that you may write"
        ) from error


def _replace(file: Path, text: str) -> None:
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        new.write_text(text, encoding="utf-8")
        if file.exists():
            shutil.copymode(file, new)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
