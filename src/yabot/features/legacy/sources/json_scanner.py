"""Reads a JSON object of any size, one member at a time, even if it is broken.

A parser ends at the first mistake, and would lose all users behind it. The scanner only finds where
a member ends: Python's own decoder says so of a sound one; of a broken one, its brackets do, or the
next member that looks like a user. A member that cannot be read is handed out as it stands, to be
refused by whoever interprets it, and the scan goes on.
"""

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from yabot import canonical
from yabot.features.legacy.sources.json_brackets import (
    A_USER,
    STEPS,
    SURELY_A_USER,
    TOKEN,
    USER,
    before_comma,
    closing,
    lacks_a_bracket,
    next_user,
)
from yabot.features.legacy.sources.port import Damage, Entry

LONGEST_MEMBER = 16 * 1024 * 1024
"""In characters; no store of ours would take a longer one."""
BEGINNING = 1000
CHUNK = 1024 * 1024
# Characters in memory when a member begins: its name, and nearly always all of it.
AHEAD = 64 * 1024
# Characters within which a user mostly ends.
NEAR = 16 * 1024
# Characters: a number or word so near the end of what is in memory may go on behind it.
WORD = 16

_NAME = re.compile(r'(?P<between>[\s,]*)(?:"(?P<key>(?:[^"\\]++|\\.)*+)"\s*:\s*|\})', re.DOTALL)
_JSON_SPACE = " \t\r\n"
_SPACE = re.compile(r"\s*")
_DELIMITER = re.compile(r'\s*[,}"]')
_REST_OF_STRING = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_ANOTHER_USER = re.compile(rf"\s*,\s*(?={USER})")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# Only used to find the end: numbers of any length, and line breaks in texts, are no mistake.
_decoder = json.JSONDecoder(parse_int=float, strict=False)


class Scanner:
    """``source`` is read once, from its beginning; of a member with more than ``longest``
    characters only the beginning is handed out."""

    def __init__(self, source: BinaryIO, longest: int = LONGEST_MEMBER) -> None:
        head = source.read(4)
        self._encoding = _encoding(head)
        # Bytes that are no UTF-8 stay recognizable.
        self._errors = "surrogateescape" if self._encoding == "utf-8" else "replace"
        self._decode = codecs.getincrementaldecoder(self._encoding)(self._errors).decode
        self._source = source
        self._longest = longest
        self._text = self._decode(head)
        self._at = 0
        self._bytes_before = 0
        self._all_read = False
        self._last: str | None = None
        self.is_sound = True
        """Whether everything between the members read until now is sound JSON."""

    def begins(self) -> bool:
        """Whether an object begins here."""
        self._look_ahead()
        self._at += self._text.startswith("\ufeff")
        self._skip(_SPACE)
        return self._text.startswith("{", self._at)

    def __iter__(self) -> Iterator[Entry | Damage]:
        if not self.begins():
            yield self._damage("does not begin with {")
            return
        self._at += 1
        comma = ""
        while True:
            self._look_ahead()
            name = _NAME.match(self._text, self._at)
            if name is None:
                self.is_sound = False
                found = self._between()
            elif name["key"] is None:
                self.is_sound &= name["between"].strip(_JSON_SPACE) == ""
                self._at = name.end()
                self._look_ahead()
                if _ANOTHER_USER.match(self._text, self._at):
                    self.is_sound = False
                    continue
                yield from self._behind_the_end()
                return
            else:
                self.is_sound &= name["between"].strip(_JSON_SPACE) == comma
                comma = ","
                self._at = name.end()
                found = self._member(_key(name["key"]))
            yield found
            if isinstance(found, Damage):
                return
            # Only ids are remembered, for messages: any other key may be a person's text.
            self._last = canonical.user_id(found.key) or self._last

    def _member(self, key: str) -> Entry | Damage:
        """The member whose value begins here."""
        end = self._end_before_next()
        if end is None:
            end = self._sound_end()
            if end is None or self._holds_others(end):
                end = self._apparent_end()
        if end is None:
            return self._too_long(key) if not self._all_read else self._damage("breaks off")
        entry = Entry(key, _storable(self._text[self._at : end]))
        self._at = end
        return entry

    def _end_before_next(self) -> int | None:
        """Where the value ends, if the text before the next user tells: because that is sound, or
        lacks nothing but its last bracket.

        The decoder would take the latter for an object that contains all users behind it, and
        reading those again for each such user would take hours.
        """
        following = A_USER.search(self._text, self._at + 1, self._at + NEAR)
        if following is None or not SURELY_A_USER.match(self._text, following.start()):
            return None
        value = self._text[self._at : following.start()]
        with suppress(json.JSONDecodeError, RecursionError):
            return self._at + _decoder.raw_decode(value)[1]
        return self._at + len(before_comma(value)) if lacks_a_bracket(value) else None

    def _sound_end(self) -> int | None:
        """Where the value ends, if it is sound JSON."""
        while True:
            try:
                end = _decoder.raw_decode(self._text, self._at)[1]
                goes_on = end >= len(self._text)
            except RecursionError:
                return None
            except json.JSONDecodeError as error:
                end = None
                goes_on = error.pos >= len(self._text) - WORD or error.msg.startswith("Untermin")
            if not goes_on or not self._grow():
                return end

    def _holds_others(self, end: int) -> bool:
        """Whether the value has lost its last bracket, and so contains all users behind it."""
        unended = self._all_read and _DELIMITER.match(self._text, end) is None
        return unended and A_USER.search(self._text, self._at, end) is not None

    def _apparent_end(self) -> int | None:
        """Where a broken value ends: where its brackets close, or where the next user begins."""
        while True:
            following = next_user(self._text, self._at)
            limit = len(self._text) if following is None else following
            end = closing(self._text, self._at, limit)
            if end is not None and _DELIMITER.match(self._text, end):
                return end
            if following is not None:
                return len(before_comma(self._text[:limit]))
            if not self._grow():
                return None

    def _too_long(self, key: str) -> Entry:
        """The beginning of the member; the rest is skipped, and never in memory as a whole."""
        entry = Entry(key, _storable(self._text[self._at : self._at + BEGINNING]))
        depth = 0
        while not self._is_over():
            token = TOKEN.search(self._text, self._at)
            if token is None:
                self._at = len(self._text)
                continue
            self._at = token.end()
            if token["closed"] == "":
                self._finish_string()
            depth += STEPS.get(token[0], 0)
            if depth <= 0:
                break
        return entry

    def _finish_string(self) -> None:
        while not self._is_over():
            self._skip(_REST_OF_STRING)
            if self._text.startswith('"', self._at):
                self._at += 1
                return
            # Half of an escape is left; its rest is still to be read.
            if self._all_read:
                self._at = len(self._text)

    def _is_over(self) -> bool:
        self._look_ahead()
        return self._at >= len(self._text)

    def _between(self) -> Entry | Damage:
        """Text that is no member: it is named by its place, and ends where a user begins."""
        key = f"byte {self._byte()}"
        while True:
            following = A_USER.search(self._text, self._at)
            if following:
                entry = Entry(key, _storable(self._text[self._at : following.start()]))
                self._at = following.start()
                return entry
            if not self._grow():
                return self._damage("breaks off")

    def _behind_the_end(self) -> Iterator[Damage]:
        while not self._is_over():
            self._skip(_SPACE)
            if self._at < len(self._text):
                yield self._damage("goes on behind its end")
                return

    def _damage(self, how: str) -> Damage:
        behind = f"behind user {self._last}" if self._last else "before any user"
        return Damage(f"the file {how} at byte {self._byte()}, {behind}")

    def _byte(self) -> int:
        """Where in the file this is."""
        return self._bytes_before + self._size(self._text[: self._at])

    def _size(self, text: str) -> int:
        return len(text.encode(self._encoding, self._errors))

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self._text, self._at):
            self._at = found.end()

    def _look_ahead(self) -> None:
        if len(self._text) - self._at < AHEAD and not self._all_read:
            self._read(CHUNK)

    def _grow(self) -> bool:
        """Read as much again as is in memory; False when there is no more, or too much."""
        held = len(self._text) - self._at
        if self._all_read or held > self._longest:
            return False
        self._read(max(held, CHUNK))
        return True

    def _read(self, size: int) -> None:
        self._bytes_before += self._size(self._text[: self._at])
        content = self._source.read(size)
        self._all_read = not content
        self._text = self._text[self._at :] + self._decode(content, final=self._all_read)
        self._at = 0


def _encoding(head: bytes) -> str:
    """The encoding by JSON's own rules, as a codec that leaves a byte order mark alone."""
    found = json.detect_encoding(head)
    if found == "utf-8-sig":
        return "utf-8"
    if found in ("utf-16", "utf-32"):
        return f"{found}-{'le' if head.startswith(codecs.BOM_UTF16_LE) else 'be'}"
    return found


def _key(raw: str) -> str:
    if "\\" in raw:
        with suppress(ValueError):
            raw = json.loads(f'"{raw}"', strict=False)
    return _storable(raw)


def _storable(text: str) -> str:
    """``text`` as any database takes it: characters that none takes are escaped, as in JSON."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
