"""A message's text: parsed, trimmed, measured, with what Telegram itself finds in it."""

import re
from dataclasses import dataclass
from typing import Any

from aiogram.types import MessageEntity
from pydantic import ConfigDict, ValidationError

from yabot.deferred_models import adapter
from yabot.playground.bot_api import html, utf16
from yabot.playground.bot_api.errors import bad_request, not_built
from yabot.playground.bot_api.params import Params
from yabot.playground.bot_api.visible import is_visible

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
MOST_ENTITIES = 100

_FOUND_BY_TELEGRAM = re.compile(
    r"(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?(?!\w))"
    r"|(?P<url>https?://[^\s<>\"']*[^\s<>\"'.,:;!?)\]])"
)
_entities = adapter(list[MessageEntity], config=ConfigDict(hide_input_in_errors=True))


@dataclass(frozen=True)
class Text:
    text: str
    entities: list[html.Entity]

    def as_content(self) -> dict[str, Any]:
        """The fields of Telegram's Message."""
        return {"text": self.text, **({"entities": self.entities} if self.entities else {})}

    def as_caption(self) -> dict[str, Any]:
        """The fields of a Message that shows a file."""
        entities = {"caption_entities": self.entities} if self.entities else {}
        return {"caption": self.text, **entities}


def from_params(params: Params) -> Text:
    """The ``text`` of a sending or editing method."""
    return checked(*_parsed(params, "text", "entities"))


def caption_from_params(params: Params) -> dict[str, Any]:
    """The Message's fields for the ``caption``; none where there is none."""
    source, entities = _parsed(params, "caption", "caption_entities")
    return caption(source, entities)


def caption(source: str, entities: list[html.Entity]) -> dict[str, Any]:
    """Like ``caption_from_params``, for a text and its entities."""
    if not source.strip():
        return {}
    if utf16.length(source.strip()) > LONGEST_CAPTION:
        raise bad_request("message caption is too long")
    return checked(source, entities).as_caption()


def _parsed(params: Params, field: str, entities_field: str) -> tuple[str, list[html.Entity]]:
    source = params.text(field)
    mode = params.text("parse_mode").lower()
    if mode == "html":
        return html.parse(source)
    if mode in {"", "none"}:
        return source, _given_entities(params, entities_field)
    if mode in {"markdown", "markdownv2"}:
        raise not_built("reads parse_mode HTML only")
    raise bad_request("unsupported parse_mode")


def checked(text: str, entities: list[html.Entity]) -> Text:
    """Trimmed as Telegram trims; empty and too long texts are refused."""
    trimmed = text.lstrip()
    shift = utf16.length(text) - utf16.length(trimmed)
    trimmed = trimmed.rstrip()
    if not is_visible(trimmed):
        raise bad_request("text must be non-empty")
    if utf16.length(trimmed) > LONGEST_TEXT:
        raise bad_request("message is too long")
    if len(entities) > MOST_ENTITIES:
        raise bad_request("ENTITIES_TOO_LONG")
    kept = _moved(entities, shift, utf16.length(trimmed))
    found = [entity for entity in find_entities(trimmed) if not _overlaps(entity, kept)]
    kept = sorted(kept + found, key=lambda entity: (entity["offset"], -entity["length"]))
    return Text(trimmed, kept)


def find_entities(text: str) -> list[html.Entity]:
    """The commands and addresses that Telegram finds by itself."""
    return [
        {
            "type": match.lastgroup,
            "offset": utf16.length(text[: match.start()]),
            "length": utf16.length(match[0]),
        }
        for match in _FOUND_BY_TELEGRAM.finditer(text)
    ]


def _given_entities(params: Params, field: str) -> list[html.Entity]:
    given = params.parsed(field, "message entities") or []
    try:
        entities = _entities.validate_python(given)
    except ValidationError:
        raise bad_request("can't parse MessageEntity") from None
    return [entity.model_dump(exclude_none=True) for entity in entities]


def _moved(entities: list[html.Entity], shift: int, length: int) -> list[html.Entity]:
    moved = []
    for entity in entities:
        start = max(0, entity["offset"] - shift)
        end = min(length, entity["offset"] + entity["length"] - shift)
        if end > start:
            moved.append({**entity, "offset": start, "length": end - start})
    return moved


def _overlaps(entity: html.Entity, others: list[html.Entity]) -> bool:
    """Nothing is found inside code and links."""
    closed = ("code", "pre", "text_link", "url", "bot_command")
    return any(
        other["type"] in closed
        and other["offset"] < entity["offset"] + entity["length"]
        and entity["offset"] < other["offset"] + other["length"]
        for other in others
    )
