"""Rewrites the old bot's file: changes some users, and copies all others as they stand. The file is
replaced as a whole, or stays as it is. Memory does not grow with its size.
"""

import json
import os
import re
import stat
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from yabot.errors import TransientError
from yabot.features.legacy.old_files.replacing import replacing
from yabot.features.legacy.sources.fingerprint import content_of, state_of
from yabot.features.legacy.sources.json_scanner import Scanner
from yabot.features.legacy.sources.port import Damage
from yabot.observability.logging import get_logger

log = get_logger(__name__)

HEAD = 64 * 1024
CHUNK = 1024 * 1024

_FIRST = re.compile(r'\s*\{(\s*)"(?:[^"\\]|\\.)*"(\s*:\s*)', re.DOTALL)
# The scanner's key for text between users that is no user.
_NOBODY = re.compile(r"byte \d+")


class OldFileBusy(TransientError):
    """The file has been written since it was read: merge that first."""

    code = "old_file_busy"


class OldFileUnusable(TransientError):
    """The file cannot be written as it should be, until somebody mends it."""

    code = "old_file_unusable"


@dataclass(frozen=True, slots=True)
class Format:
    """How the file is written."""

    indent: str | None
    colon: str
    comma: str
    is_ascii: bool
    byte_order_mark: str = ""

    @classmethod
    def of(cls, path: Path) -> "Format":
        """The file's format; Python's own, if the file is too short to tell. Raises OldFileUnusable
        for a file that is not in UTF-8, OSError."""
        with path.open("rb") as file:
            head = file.read(HEAD)
            found = _FIRST.match(head.decode("utf-8-sig", "replace"))
            mark = "\ufeff" if head.startswith(BOM_UTF8) else ""
            is_ascii = _is_ascii(head, file)
        if found is None:
            return cls(None, ": ", ", ", is_ascii, mark)
        indent = found[1].rpartition("\n")[2] if "\n" in found[1] else None
        comma = "," if indent is not None or found[2] == ":" else ", "
        return cls(indent, found[2], comma, is_ascii, mark)

    def member(self, key: str, value: Any) -> str:
        text = self._text(value, is_ascii=self.is_ascii)
        if not _is_encodable(text):
            # Half a surrogate pair can only be written as an escape.
            text = self._text(value, is_ascii=True)
        if self.indent is not None:
            text = text.replace("\n", f"\n{self.indent}")
        return self.named(key, text)

    def named(self, key: str, text: str) -> str:
        return f"{json.dumps(key, ensure_ascii=self.is_ascii)}{self.colon}{text}"

    def _text(self, value: Any, *, is_ascii: bool) -> str:
        return json.dumps(
            value,
            indent=self.indent,
            separators=(self.comma, self.colon),
            ensure_ascii=is_ascii,
        )

    @property
    def before_each(self) -> str:
        return "" if self.indent is None else f"\n{self.indent}"


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_ascii(head: bytes, rest: BinaryIO) -> bool:
    """Whether the file, in UTF-8, is all ASCII. Raises OldFileUnusable for another encoding.

    A file in Windows' encoding or UTF-16 can be read, but must not be written: its other users
    would be rewritten in an encoding that the old bot does not expect.
    """
    if json.detect_encoding(head) not in ("utf-8", "utf-8-sig"):
        raise _not_in_utf_8()
    decoder = getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        for content in chain((head,), iter(lambda: rest.read(CHUNK), b"")):
            is_ascii = is_ascii and content.isascii()
            decoder.decode(content)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise _not_in_utf_8() from None
    return is_ascii


def _not_in_utf_8() -> OldFileUnusable:
    return OldFileUnusable(
        "the old bot's file is not in UTF-8, and is only read: let the old bot read and write "
        "UTF-8, and convert the file (iconv -f CP1252 -t UTF-8, if Windows has written it)"
    )


def rewrite(path: Path, changes: Mapping[str, Any], state: str, content: str) -> None:
    """Replace the values of these keys, or add them at the end; None takes one out.

    Unless this returns, the file is what it was. ``state`` and ``content`` are those of the file
    that was read (see ``fingerprint``). Raises OldFileBusy, OldFileUnusable, OSError.
    """
    target = path.resolve()
    about = target.stat()

    def ready() -> None:
        log.debug("legacy.prepared")
        _require_unwritten(target, state, content)

    try:
        with replacing(target, lambda handle: _own(handle, about), ready) as file:
            _write_all(target, changes, file)
    except OldFileUnusable as error:
        # A file that is torn only because somebody is writing it will be whole again.
        if state_of(target).text != state:
            raise OldFileBusy(str(error)) from error
        raise


def _require_unwritten(target: Path, state: str, content: str) -> None:
    """The last check before the file is replaced: what others write after it may be lost."""
    now = state_of(target)
    unwritten = now.text == state and (now.is_settled or content_of(target) == content)
    if not unwritten or state_of(target).text != state:
        raise OldFileBusy("the old bot's file has been written meanwhile")


def _own(handle: int, about: os.stat_result) -> None:
    """Give the new file the owner and mode of the old one."""
    try:
        if (about.st_uid, about.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(handle, about.st_uid, about.st_gid)
        os.fchmod(handle, stat.S_IMODE(about.st_mode))
    except PermissionError as error:
        raise OldFileUnusable(
            "the old bot's file belongs to another user, who could not write it any more: run "
            "this program as that user"
        ) from error


def _write_all(target: Path, changes: Mapping[str, Any], file: TextIO) -> None:
    form = Format.of(target)
    left = dict(changes)
    file.write(form.byte_order_mark)
    opened = "{"
    with target.open("rb") as source:
        # Even the largest entry is written back as a whole.
        for key, text in _members(Scanner(source, longest=target.stat().st_size)):
            if key in changes:
                left.pop(key, None)
                if changes[key] is None:
                    continue
                member = form.member(key, changes[key])
            else:
                member = form.named(key, text)
            file.write(f"{opened}{form.before_each}{member}")
            opened = form.comma
    for key, value in left.items():
        if value is not None:
            file.write(f"{opened}{form.before_each}{form.member(key, value)}")
            opened = form.comma
    if opened == "{":
        file.write("{")
    elif form.indent is not None:
        file.write("\n")
    file.write("}" + _ending(target))


def require_whole(path: Path) -> None:
    """Raises OldFileUnusable for a file that the old bot itself could not load, OSError."""
    with path.open("rb") as source:
        scanner = Scanner(source, longest=path.stat().st_size)
        entries_are_sound = all(_is_json(text) for _, text in _members(scanner))
    if not (entries_are_sound and scanner.is_sound):
        raise OldFileUnusable("the old bot's file is no whole JSON: mend it")


def _is_json(text: str) -> bool:
    """Whether the old bot's parser accepts it: one bad entry makes it refuse the whole file."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _members(scanner: Scanner) -> Iterator[tuple[str, str]]:
    """Key and text of each entry; a broken text belongs to one user, and is copied as it is.

    Raises OldFileUnusable if it cannot be told to whom some text belongs.
    """
    for found in scanner:
        if isinstance(found, Damage):
            raise OldFileUnusable(f"the old bot's file is torn: {found.where}")
        if _NOBODY.fullmatch(found.key):
            raise OldFileUnusable(
                f"the old bot's file is no whole JSON: see {found.key}, and mend it"
            )
        yield found.key, found.text


def _ending(target: Path) -> str:
    """What stands behind the last bracket: a line's end, or nothing."""
    with target.open("rb") as source:
        source.seek(max(0, source.seek(0, os.SEEK_END) - 16))
        end = source.read().decode("utf-8", "replace")
    return end[len(end.rstrip()) :]
