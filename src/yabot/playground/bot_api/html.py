"""Telegram's HTML mode: a few tags, three entities, errors with byte offsets."""

import html
import re
from dataclasses import dataclass
from typing import Any

from yabot.playground.bot_api import utf16
from yabot.playground.bot_api.errors import BotApiError, bad_request

Entity = dict[str, Any]

SIMPLE_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
}
TAGS = frozenset(SIMPLE_TAGS) | {"a", "span", "blockquote", "tg-emoji"}

_TOKEN = re.compile(r"<(?P<end>/?)(?P<name>[^\s>]*)(?P<rest>[^>]*)>|(?P<open><)|(?P<text>[^<]+)")
_ATTRIBUTE = re.compile(r"""([^\s=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
HALVES = (
    "Text contains invalid Unicode characters after decoding HTML entities, "
    "check for unmatched surrogate code units"
)


@dataclass
class _OpenTag:
    name: str
    attributes: dict[str, str]
    offset: int
    text_start: int


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._parts: list[str] = []
        self._length = 0
        self._open: list[_OpenTag] = []
        self._entities: list[Entity] = []

    def parse(self) -> tuple[str, list[Entity]]:
        for token in _TOKEN.finditer(self._source):
            if token["text"]:
                self._add_text(token["text"])
            elif token["open"]:
                raise self._error("Unclosed start tag", token.start())
            elif token["end"]:
                self._end_tag(token["name"].lower(), token["rest"], token.start())
            else:
                self._start_tag(token["name"].lower(), token["rest"], token.start())
        if self._open:
            name = self._open[-1].name
            raise _cannot_parse(f'Can\'t find end tag corresponding to start tag "{name}"')
        self._entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return "".join(self._parts), self._entities

    def _add_text(self, source: str) -> None:
        text = _REFERENCE.sub(_character, source)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise _cannot_parse(HALVES)
        self._parts.append(text)
        self._length += utf16.length(text)

    def _start_tag(self, name: str, rest: str, at: int) -> None:
        if name not in TAGS:
            raise self._error(f'Unsupported start tag "{name}"', at)
        attributes = {
            found[1].lower(): html.unescape(found[2] or found[3] or found[4] or "")
            for found in _ATTRIBUTE.finditer(rest)
        }
        if name == "span" and attributes.get("class") != "tg-spoiler":
            raise self._error('Tag "span" must have class "tg-spoiler"', at)
        self._open.append(_OpenTag(name, attributes, self._length, len(self._parts)))

    def _end_tag(self, name: str, rest: str, at: int) -> None:
        if not self._open:
            raise self._error("Unexpected end tag", at)
        if rest.strip():
            raise self._error("Unclosed end tag", at)
        tag = self._open.pop()
        if name and name != tag.name:
            offset = self._byte_offset(at)
            raise _cannot_parse(
                f"Unmatched end tag at byte offset {offset}, "
                f'expected "</{tag.name}>", found "</{name}>"'
            )
        length = self._length - tag.offset
        meaning = self._meaning(tag)
        if length and meaning:
            self._entities.append({**meaning, "offset": tag.offset, "length": length})

    def _meaning(self, tag: _OpenTag) -> Entity | None:
        if tag.name == "a":
            url = tag.attributes.get("href") or "".join(self._parts[tag.text_start :])
            return link(url)
        if tag.name == "span":
            return {"type": "spoiler"}
        if tag.name == "blockquote":
            folded = "expandable" in tag.attributes
            return {"type": "expandable_blockquote" if folded else "blockquote"}
        if tag.name == "tg-emoji":
            return {"type": "custom_emoji", "custom_emoji_id": tag.attributes.get("emoji-id", "")}
        return {"type": SIMPLE_TAGS[tag.name]}

    def _error(self, what: str, at: int) -> BotApiError:
        return _cannot_parse(f"{what} at byte offset {self._byte_offset(at)}")

    def _byte_offset(self, at: int) -> int:
        return len(self._source[:at].encode())


def parse(source: str) -> tuple[str, list[Entity]]:
    """The text without its tags, and Telegram's entities, outer before inner."""
    return _Parser(source).parse()


def _character(reference: re.Match[str]) -> str:
    """A number that means no character stays as it is written. Surrogate pairs are not joined."""
    if reference[1]:
        return _NAMED[reference[1]]
    number = int(reference[2]) if reference[2] else int(reference[3], 16)
    return chr(number) if 0 < number < 0x10FFFF else reference[0]


def link(url: str) -> Entity | None:
    """None if Telegram would not make a link of ``url``, but show the text alone."""
    if re.fullmatch(r"(?:https?|tg)://\S+", url):
        return {"type": "text_link", "url": url}
    if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+(?:/\S*)?", url):
        return {"type": "text_link", "url": f"http://{url}/"}
    return None


def _cannot_parse(what: str) -> BotApiError:
    return bad_request(f"can't parse entities: {what}")
