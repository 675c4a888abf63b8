"""Recognizes the kind of an old store by its content, whatever the file is called."""

from pathlib import Path

from yabot.error_text import kind_of
from yabot.errors import InvalidInput
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Source
from yabot.features.legacy.sources.sqlite_file import SqliteFile

SOURCES: tuple[Source, ...] = (JsonFile(), SqliteFile())

# The beginnings of files that are easily mistaken for the right one.
_OTHERS = (
    (b"\x1f\x8b", "it is compressed with gzip; decompress it first"),
    (b"PK\x03\x04", "it is a zip archive; unpack it first"),
    (b"BZh", "it is compressed with bzip2; decompress it first"),
    (b"\xfd7zXZ", "it is compressed with xz; decompress it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd; decompress it first"),
    (b"[", "it is a JSON list; the old bot's file is one object, with a member for each user"),
    (b"---", "it looks like YAML; the old bot's file is JSON"),
)
_HEAD = 512


def recognize(path: Path) -> Source:
    """Raises InvalidInput, with one sentence that says what the file is instead."""
    try:
        if path.is_dir():
            raise InvalidInput(f"{path} is a folder; name the old bot's file in it")
        if path.exists() and not path.is_file():
            raise InvalidInput(f"{path} is no file")
        with path.open("rb") as file:
            head = file.read(_HEAD)
        if not head:
            raise InvalidInput(f"{path} is empty")
        found = next((each for each in SOURCES if each.recognizes(path)), None)
        if found is not None:
            found.require_users(path)
            return found
    except FileNotFoundError:
        raise InvalidInput(f"{path} is not there") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {kind_of(error)}") from error
    raise InvalidInput(f"{path} is no store of an old bot: {_described(head)}")


def _described(head: bytes) -> str:
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for mark, what in _OTHERS:
        if head.startswith(mark) or begin.startswith(mark):
            return what
    if not begin:
        return "it has nothing but white space"
    return "it is neither a JSON object nor a SQLite database"


def of_kind(kind: str) -> Source:
    """The source of that kind. Raises InvalidInput when this version knows none."""
    found = next((each for each in SOURCES if each.kind == kind), None)
    if found is None:
        raise InvalidInput(f"this version reads no old store of the kind {kind}")
    return found
