"""Why Telegram refuses a call for good, by the words in which it says so."""

from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError

# Nobody can be reached in such a chat (any more).
_NOBODY_THERE = ("chat not found", "user not found", "peer_id_invalid")
# Phrases about the chat; any other refusal of a page is about the page's content.
_OF_THE_CHAT = (
    *_NOBODY_THERE,
    "group chat was upgraded",
    "not enough rights",
    "have no rights",
    "thread not found",
    "topic_closed",
)
# Refusals of every call: the bot moves between Bot API servers, or none of them lets it in.
_OF_THE_BOT = ("logged out", "misdirected request")
# Said when a call was made before, as after a crash: the message is edited, the Stars are refunded.
_DONE_ALREADY = ("message is not modified", "charge_already_refunded")
# Telegram's words, in the order in which they are looked for, and our own word for each.
_OF_A_PAGE = {
    "button": "buttons",
    "markup": "buttons",
    "entities": "markup",
    "too long": "length",
    "too_long": "length",
    "empty": "empty",
}


def refuses_the_bot(error: TelegramAPIError) -> bool:
    """Whether every call is refused for the same reason, until an operator has mended it."""
    return any(words in error.message.lower() for words in _OF_THE_BOT)


def is_done_already(error: TelegramAPIError) -> bool:
    return _says(error, *_DONE_ALREADY)


def has_gone(error: TelegramAPIError) -> bool:
    """Whether the reader has blocked the bot, or Telegram does not know the chat."""
    return isinstance(error, TelegramForbiddenError) or _says(error, *_NOBODY_THERE)


def reason_in_page(error: TelegramAPIError) -> str | None:
    """Our own word for what is wrong with the page; None if its content is not the reason."""
    if not isinstance(error, TelegramBadRequest) or _says(error, *_OF_THE_CHAT):
        return None
    return next((kind for words, kind in _OF_A_PAGE.items() if _says(error, words)), "other")


def _says(error: TelegramAPIError, *phrases: str) -> bool:
    said = error.message.lower()
    return isinstance(error, TelegramBadRequest) and any(phrase in said for phrase in phrases)
