"""Files that an operator names: read and written whole, in UTF-8."""

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
    """Raises InvalidInput."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be written: {kind_of(error)}; name a file in a folder that exists"
        ) from error
