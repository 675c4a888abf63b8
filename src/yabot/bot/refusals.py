"""Why Telegram refuses a call for good, by the words in which it says so."""

from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError

# Nobody can be reached in such a chat any more, or never could.
_NOBODY_THERE = ("chat not found", "user not found", "peer_id_invalid")
# Part of what Telegram says of a chat; whatever else it refuses a page for is in the page.
_OF_THE_CHAT = (
    *_NOBODY_THERE,
    "group chat was upgraded",
    "not enough rights",
    "have no rights",
    "thread not found",
    "topic_closed",
)
# Of any call, while the bot moves from one Bot API server to another, or is let in by none.
_OF_THE_BOT = ("logged out", "misdirected request")
# As after a crash behind a call: the message is as it was to be made, the Stars are given back.
_DONE_ALREADY = ("message is not modified", "charge_already_refunded")
# In the order in which they are looked for, and in our words.
_OF_A_PAGE = {
    "button": "buttons",
    "markup": "buttons",
    "entities": "markup",
    "too long": "length",
    "too_long": "length",
    "empty": "empty",
}


def refuses_the_bot(error: TelegramAPIError) -> bool:
    """Whether every other call is refused likewise, until an operator has mended that."""
    return any(words in error.message.lower() for words in _OF_THE_BOT)


def is_done_already(error: TelegramAPIError) -> bool:
    return _says(error, *_DONE_ALREADY)


def has_gone(error: TelegramAPIError) -> bool:
    """Whether the chat's reader has blocked the bot, or is nowhere to be found."""
    return isinstance(error, TelegramForbiddenError) or _says(error, *_NOBODY_THERE)


def reason_in_page(error: TelegramAPIError) -> str | None:
    """A word of ours for what is wrong with the page; None where it is not for what it holds."""
    if not isinstance(error, TelegramBadRequest) or _says(error, *_OF_THE_CHAT):
        return None
    return next((kind for words, kind in _OF_A_PAGE.items() if _says(error, words)), "other")


def _says(error: TelegramAPIError, *phrases: str) -> bool:
    said = error.message.lower()
    return isinstance(error, TelegramBadRequest) and any(phrase in said for phrase in phrases)
