"""Reply markup: inline keyboards under a message, reply keyboards under the composer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aiogram.types import (
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from pydantic import BaseModel, ValidationError

from yabot.playground.bot_api.errors import BotApiError, bad_request
from yabot.playground.bot_api.params import Params
from yabot.playground.bot_api.visible import is_visible

Json = dict[str, Any]

MOST_BUTTON_BYTES = 64
MOST_BUTTONS = 100


@dataclass(frozen=True)
class Markup:
    """``inline`` or ``reply`` is set, or none; ``removes_reply`` removes a reply keyboard."""

    inline: Json | None = None
    reply: Json | None = None
    removes_reply: bool = False

    def as_content(self) -> Json:
        """The field of Telegram's Message, which tells of inline keyboards only."""
        return {"reply_markup": self.inline} if self.inline else {}


def from_params(params: Params) -> Markup:
    given = params.parsed("reply_markup", "reply keyboard markup")
    if given is None:
        return Markup()
    if not isinstance(given, dict):
        raise bad_request("object expected as reply markup")
    if given.get("keyboard"):
        return Markup(reply=_read(ReplyKeyboardMarkup, given))
    if given.get("inline_keyboard"):
        return Markup(inline=_inline(given))
    if given.get("remove_keyboard"):
        _read(ReplyKeyboardRemove, given)
        return Markup(removes_reply=True)
    if given.get("force_reply"):
        return Markup(reply=_read(ForceReply, given))
    return Markup()


def inline_from_params(params: Params) -> Markup:
    """For edits: nothing but an inline keyboard will do."""
    markup = from_params(params)
    if markup.reply or markup.removes_reply:
        raise bad_request("inline keyboard expected")
    return markup


def _inline(given: Json) -> Json:
    shown = _read(InlineKeyboardMarkup, given)
    markup = InlineKeyboardMarkup.model_validate(shown)
    buttons = [button for row in markup.inline_keyboard for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        _check(button)
    shown["inline_keyboard"] = [row for row in shown["inline_keyboard"] if row]
    return shown


def _check(button: InlineKeyboardButton) -> None:
    if not is_visible(button.text):
        raise bad_request("BUTTON_TEXT_INVALID")
    if button.callback_data and len(button.callback_data.encode()) > MOST_BUTTON_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if not any(_actions(button)):
        raise _unreadable(
            "inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if button.url and not button.url.startswith(("http://", "https://", "tg://")):
        raise bad_request(f"inline keyboard button URL '{button.url}' is invalid: Wrong HTTP URL")


def _actions(button: InlineKeyboardButton) -> Iterator[bool]:
    for name, value in button:
        if name not in {"text", "style", "icon_custom_emoji_id"}:
            yield value not in (None, "")


def _read(model: type[BaseModel], given: Json) -> Json:
    try:
        return model.model_validate(given).model_dump(mode="json", exclude_none=True)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise _unreadable(f'reply markup: field "{where}" is wrong') from None


def _unreadable(what: str) -> BotApiError:
    return bad_request(f"can't parse {what}")
