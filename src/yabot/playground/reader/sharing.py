"""A reader sends a photo, a document, a sticker or a voice."""

from dataclasses import dataclass
from typing import Any

from yabot.playground import attachments
from yabot.playground.attachments import Kind
from yabot.playground.bot_api import text, utf16
from yabot.playground.bot_api.visible import is_visible
from yabot.playground.reader import actions
from yabot.playground.reader.errors import Refused
from yabot.playground.store.database import Transaction

Json = dict[str, Any]

MOST_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Shared:
    kind: Kind
    name: str
    mime_type: str
    body: bytes
    caption: str
    duration: int


def send(tx: Transaction, user_id: int, shared: Shared) -> Json:
    """The message, as Telegram tells the bot of it."""
    if not shared.body:
        raise Refused(400, "The file is empty.")
    if len(shared.body) > MOST_BYTES:
        raise Refused(413, f"The file is larger than {MOST_BYTES // 1024 // 1024} MB.")
    _check_caption(shared.caption.strip())
    return actions.say(tx, user_id, _field(tx, shared) | text.caption(shared.caption, []))


def _check_caption(caption: str) -> None:
    if utf16.length(caption) > text.LONGEST_CAPTION:
        raise Refused(400, f"The caption is longer than {text.LONGEST_CAPTION} characters.")
    if caption and not is_visible(caption):
        raise Refused(400, "The caption shows nothing: leave it out.")


def _field(tx: Transaction, shared: Shared) -> Json:
    try:
        return attachments.store(
            tx, shared.kind, shared.name, shared.mime_type, shared.body, shared.duration
        )
    except attachments.NoPicture:
        raise Refused(400, f"This {shared.kind} is no PNG, JPEG, GIF or WebP.") from None
