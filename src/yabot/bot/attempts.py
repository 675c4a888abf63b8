"""How often one message is tried, and how long is waited in between."""

from aiogram.exceptions import (
    TelegramAPIError,
    TelegramEntityTooLarge,
)

from yabot.bot.patience import pause_after
from yabot.bot.refusals import refuses_the_bot
from yabot.bot.session import OutcomeUnknown
from yabot.bot.telegram import AWAY, TOKEN_REFUSED
from yabot.runtime.backoff import backoff

# A token that was revoked may be given back, and a proxy mended: what was to be said is still to be
# said. What is not found is the bot; of a chat Telegram says it by another code.
NOT_NOW = (*AWAY, *TOKEN_REFUSED)
# So often a message is tried again of which nobody knows whether Telegram has it already: each time
# the reader may see it once more.
MOST_REPEATS = 3
# What these make twice, the reader sees twice; other calls change nothing when repeated.
SHOWN_EACH_TIME = ("send", "copy", "forward")


class Attempts:
    """Of one call of ``method``."""

    def __init__(self, method: str) -> None:
        self._is_shown = method.startswith(SHOWN_EACH_TIME)
        self._pauses = backoff(first=0.2, most=30.0)
        self._unknown = 0

    def pause_after(self, error: TelegramAPIError) -> float:
        """Seconds until the next one. Raises ``error`` when there is to be none."""
        may_pass = isinstance(error, NOT_NOW) or refuses_the_bot(error)
        # aiogram takes it for trouble of the network, but it stays too large.
        if isinstance(error, TelegramEntityTooLarge) or not may_pass:
            raise error
        if isinstance(error, OutcomeUnknown) and self._is_shown:
            self._unknown += 1
            if self._unknown > MOST_REPEATS:
                raise error
        return pause_after(error, self._pauses)
