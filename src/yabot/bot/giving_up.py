"""How long one call is tried, counted as it goes."""

from datetime import timedelta

from aiogram.exceptions import TelegramRetryAfter, TelegramServerError

from yabot.bot.methods import manner_of
from yabot.bot.unsent import Due
from yabot.clock import utc_now
from yabot.errors import TerminalError


class GivenUp(TerminalError):
    """The call was tried as often, or as long, as its method allows."""

    code = "given_up"

    def __init__(self, attempts: int, reason: str) -> None:
        self.attempts = attempts
        # A word for the kind of the last trouble: Telegram's sentence may quote the message.
        self.reason = reason
        super().__init__(f"tried {attempts} times: {reason}")


class Patience:
    """Every call is tried once at least, however old it is."""

    def __init__(self, due: Due) -> None:
        self._due = due
        self._manner = manner_of(due.message.method)
        self._attempts = self._answered = 0

    def require(self, error: Exception, pause: float) -> None:
        """Telegram did not take the call, and ``pause`` seconds are to pass before another attempt.

        Only errors of Telegram's own are counted: it may be out of reach for hours. Raises GivenUp
        when there is nothing left for another attempt.
        """
        self._attempts += 1
        self._answered += isinstance(error, TelegramServerError)
        age = utc_now() - self._due.committed_at + timedelta(seconds=pause)
        if self._answered >= self._manner.attempts or age > self._manner.age:
            raise GivenUp(self._attempts, _word_for(error))


def _word_for(error: Exception) -> str:
    if isinstance(error, TelegramServerError):
        return "server_error"
    return "too_many_requests" if isinstance(error, TelegramRetryAfter) else "unreachable"
