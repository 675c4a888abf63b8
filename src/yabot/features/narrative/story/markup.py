"""The part of Telegram's HTML that a story may use."""

import re
from collections.abc import Iterator
from html import escape

from yabot.bot.measure import plain_text

TAGS = ("a", "b", "blockquote", "code", "i", "s", "tg-spoiler", "u")

_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<tag>[a-zA-Z][a-zA-Z0-9-]*)(?P<attributes>[^<>]*)>"
    r"|(?P<reference>&(?:lt|gt|amp|quot|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)"
    r"|(?P<bare>[<>&])"
)
_LINK = re.compile(r'\s+href="(?:https?|tg)://[^"\s]+"\s*')
_WRITE = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def message_html(title: str, content: str) -> str:
    """The message that shows a title (plain text) over its content (HTML)."""
    return f"<b>{escape(title, quote=False)}</b>\n\n{content}"


def markup_problems(html: str) -> Iterator[str]:
    """A sentence for each thing in ``html`` that Telegram would refuse."""
    opened: list[str] = []
    for token in _TOKEN.finditer(html):
        if token["bare"]:
            yield f"a bare '{token[0]}' must be written {_WRITE[token[0]]}"
        elif token["reference"]:
            yield from _refer(token[0])
        elif token["close"]:
            yield from _close(token, opened)
        elif token["tag"]:
            yield from _open(token, opened)
    for tag in reversed(opened):
        yield f"<{tag}> is never closed"


def _refer(reference: str) -> Iterator[str]:
    meant = plain_text(reference)
    if "\ud800" <= meant <= "\udfff":
        yield f"{reference} is only half of a character; write the emoji itself"
    elif meant == reference:
        yield f"{reference} means no character"


def _open(token: re.Match[str], opened: list[str]) -> Iterator[str]:
    tag = token["tag"]
    if tag not in TAGS:
        yield f"the tag <{tag}> is not allowed; allowed are {', '.join(TAGS)}"
        return
    if not _attributes_fit(tag, token["attributes"]):
        yield f"{token[0]} is not allowed; write {_example(tag)}"
    for outer in ("code", "blockquote"):
        if outer in opened and outer in ("code", tag):
            yield f"<{tag}> cannot stand inside <{outer}>"
    opened.append(tag)


def _close(token: re.Match[str], opened: list[str]) -> Iterator[str]:
    tag = token["tag"]
    if tag not in TAGS:
        return  # its opening tag has been named already
    if token["attributes"].strip():
        yield f"{token[0]} is not allowed; write </{tag}>"
    if tag not in opened:
        yield f"</{tag}> closes nothing"
        return
    while opened[-1] != tag:
        yield f"<{opened.pop()}> must be closed before </{tag}>"
    opened.pop()


def _attributes_fit(tag: str, attributes: str) -> bool:
    if tag == "a":
        return _LINK.fullmatch(attributes) is not None
    return not attributes.strip()


def _example(tag: str) -> str:
    return '<a href="https://…">' if tag == "a" else f"<{tag}>"
