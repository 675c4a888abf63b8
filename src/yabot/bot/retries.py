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

# Failures that may pass: a revoked token may be restored, a proxy repaired. "Not Found" means the
# bot here; for an unknown chat Telegram uses another code.
NOT_NOW = (*AWAY, *TOKEN_REFUSED)
# How often a message is repeated whose outcome is unknown: with each the reader may see it again.
MOST_REPEATS = 3
# Repeated, these show the reader a message twice; other calls change nothing.
SHOWN_EACH_TIME = ("send", "copy", "forward")
SERVER_ERROR = "server_error"


class GivenUp(TerminalError):
    """The call was tried as often, or as long, as its method allows."""

    code = "given_up"

    def __init__(self, attempts: int, reason: str) -> None:
        # Attempts of this process only.
        self.attempts = attempts
        # Our own word for the last failure, as Telegram's sentence may quote the message.
        self.reason = reason
        super().__init__(f"tried {attempts} times: {reason}")

    @property
    def is_by_telegram(self) -> bool:
        """Whether the last failure was a server error of Telegram's."""
        return self.reason == SERVER_ERROR


class CallRetries:
    """The retries of one call, which is made at least once, however old it is.

    ``errors`` has to be stored for the next process that tries the call. While ``clock`` cannot be
    trusted, no call is too old.
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
        # To aiogram this is a network error, but the message stays too large.
        if isinstance(error, TelegramEntityTooLarge) or not may_pass:
            raise error
        if isinstance(error, OutcomeUnknown) and self._is_shown:
            self._unknown += 1
            if self._unknown > MOST_REPEATS:
                raise error
        return pause_after(error, self._pauses)

    def count_error(self, *, singled_out: bool) -> None:
        """Count a server error of Telegram's.

        ``singled_out``: only this call fails, while Telegram takes others of its method.
        """
        self.errors += SINGLED_OUT if singled_out and not self._policy.alone else 1

    def require(self, error: Exception, pause: float) -> None:
        """Count a failed attempt; the next one would come after ``pause`` seconds.

        Raises GivenUp when the call has no errors or no time left for it.
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
