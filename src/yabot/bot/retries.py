"""When one call to Telegram is made again, and when it is given up."""

from datetime import timedelta

from aiogram.exceptions import (
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramRetryAfter,
    TelegramServerError,
)

from yabot.bot.methods import SINGLED_OUT, policy_of
from yabot.bot.refusals import refuses_the_bot
from yabot.bot.retry_after import pause_after
from yabot.bot.session import OutcomeUnknown
from yabot.bot.telegram import AWAY, TOKEN_REFUSED
from yabot.bot.unsent import Due
from yabot.errors import TerminalError
from yabot.runtime.backoff import backoff
from yabot.trusted_clock import ClockDistrusted, TrustedClock

# A token that was revoked may be given back, and a proxy mended: what was to be said is still to be
# said. What is not found is the bot; of a chat Telegram says it by another code.
NOT_NOW = (*AWAY, *TOKEN_REFUSED)
# So often a message is tried again of which nobody knows whether Telegram has it already: each time
# the reader may see it once more.
MOST_REPEATS = 3
# What these make twice, the reader sees twice; other calls change nothing when repeated.
SHOWN_EACH_TIME = ("send", "copy", "forward")
SERVER_ERROR = "server_error"


class GivenUp(TerminalError):
    """The call was tried as often, or as long, as its method allows."""

    code = "given_up"

    def __init__(self, attempts: int, reason: str) -> None:
        # Of this process's.
        self.attempts = attempts
        # A word for the kind of the last trouble: Telegram's sentence may quote the message.
        self.reason = reason
        super().__init__(f"tried {attempts} times: {reason}")

    @property
    def is_by_telegram(self) -> bool:
        """Telegram answered, and with an error of its own."""
        return self.reason == SERVER_ERROR


class CallRetries:
    """Of one call, which is made once at least, however old it is.

    ``errors`` is what is to be remembered by whoever tries it next. While ``clock`` is distrusted,
    no call grows old.
    """

    def __init__(self, due: Due, clock: TrustedClock) -> None:
        method = due.message.method
        self.errors = due.errors
        self._committed_at = due.committed_at
        self._clock = clock
        self._policy = policy_of(method)
        self._is_shown = method.startswith(SHOWN_EACH_TIME)
        self._pauses = backoff(first=0.2, most=30.0)
        self._attempts = self._unknown = 0

    def next_pause(self, error: TelegramAPIError) -> float:
        """Seconds until the next attempt. Raises ``error`` where another one cannot help."""
        may_pass = isinstance(error, NOT_NOW) or refuses_the_bot(error)
        # aiogram takes it for trouble of the network, but it stays too large.
        if isinstance(error, TelegramEntityTooLarge) or not may_pass:
            raise error
        if isinstance(error, OutcomeUnknown) and self._is_shown:
            self._unknown += 1
            if self._unknown > MOST_REPEATS:
                raise error
        return pause_after(error, self._pauses)

    def count_error(self, *, singled_out: bool) -> None:
        """Telegram is there, and has answered with an error of its own.

        ``singled_out``: it takes the like of it from others.
        """
        self.errors += SINGLED_OUT if singled_out and not self._policy.alone else 1

    def require(self, error: Exception, pause: float) -> None:
        """Telegram did not take the call, and ``pause`` seconds are to pass before another attempt.

        Raises GivenUp when there is nothing left for one.
        """
        self._attempts += 1
        if self.errors >= self._policy.errors or self._is_too_old_in(pause):
            raise GivenUp(self._attempts, _word_for(error))

    def _is_too_old_in(self, seconds: float) -> bool:
        try:
            age = self._clock.now() - self._committed_at
        except ClockDistrusted:
            return False
        return age + timedelta(seconds=seconds) > self._policy.age


def _word_for(error: Exception) -> str:
    if isinstance(error, TelegramServerError):
        return SERVER_ERROR
    return "too_many_requests" if isinstance(error, TelegramRetryAfter) else "unreachable"
