"""How long one call is tried, counted as it goes."""

from datetime import timedelta

from aiogram.exceptions import TelegramRetryAfter, TelegramServerError

from yabot.bot.methods import SINGLED_OUT, manner_of
from yabot.bot.unsent import Due
from yabot.clock import utc_now
from yabot.errors import TerminalError


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


SERVER_ERROR = "server_error"


class Patience:
    """Every call is tried once at least, however old it is.

    ``errors`` is what is to be remembered by whoever tries it next.
    """

    def __init__(self, due: Due) -> None:
        self.errors = due.errors
        self._committed_at = due.committed_at
        self._manner = manner_of(due.message.method)
        self._attempts = 0

    def count_error(self, *, singled_out: bool) -> None:
        """Telegram is there, and has answered with an error of its own.

        ``singled_out``: it takes the like of it from others.
        """
        self.errors += SINGLED_OUT if singled_out and not self._manner.alone else 1

    def require(self, error: Exception, pause: float) -> None:
        """Telegram did not take the call, and ``pause`` seconds are to pass before another attempt.

        Raises GivenUp when there is nothing left for one.
        """
        self._attempts += 1
        age = utc_now() - self._committed_at + timedelta(seconds=pause)
        if self.errors >= self._manner.errors or age > self._manner.age:
            raise GivenUp(self._attempts, _word_for(error))


def _word_for(error: Exception) -> str:
    if isinstance(error, TelegramServerError):
        return SERVER_ERROR
    return "too_many_requests" if isinstance(error, TelegramRetryAfter) else "unreachable"
