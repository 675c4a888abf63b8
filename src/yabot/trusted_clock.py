"""A wall clock that is believed as long as it moves like the monotonic one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from yabot.clock import uptime, utc_now
from yabot.errors import TransientError

# By how much the two may differ: a clock is set right by seconds, and wrong by hours.
MOST_DRIFT = timedelta(minutes=5)
# Seconds from a question to its answer, in which somebody says what time it is. Behind a longer
# time nobody knows when that was.
LONGEST_ANSWER = 100.0


class ClockDistrusted(TransientError):
    """The wall clock has jumped: no deadline has come by it, and nothing has grown old."""

    code = "clock_distrusted"


@dataclass(slots=True)
class TrustedClock:
    """Compares how much time has passed since it was made, by either clock; from the first time
    that Telegram tells the time, since the last such time.
    """

    wall: Callable[[], datetime] = utc_now
    steady: Callable[[], float] = uptime
    _wall_began: datetime = field(init=False)
    _steady_began: float = field(init=False)
    _is_told: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._wall_began, self._steady_began = self.wall(), self.steady()

    def hear(self, told: datetime, asked_at: float) -> None:
        """What Telegram's clock said in its answer to a question that was asked at ``asked_at`` by
        the ``steady`` clock: right when the program began with a wrong one, or was set right."""
        now = self.steady()
        if now - asked_at <= LONGEST_ANSWER:
            self._wall_began, self._steady_began, self._is_told = told, now, True

    def now(self) -> datetime:
        """Raises ClockDistrusted."""
        now = self.wall()
        passed = timedelta(seconds=self.steady() - self._steady_began)
        drift = now - self._wall_began - passed
        if abs(drift) > MOST_DRIFT:
            raise ClockDistrusted(self._why(drift))
        return now

    def _why(self, drift: timedelta) -> str:
        # In whole minutes, so that the same jump is the same sentence for as long as it lasts.
        minutes = round(abs(drift) / timedelta(minutes=1))
        unbelieved = "so neither a deadline nor an age is believed: set it right"
        if self._is_told:
            side = "ahead of" if drift > timedelta() else "behind"
            return f"the wall clock is {minutes} minutes {side} Telegram's, {unbelieved}"
        side = "ahead" if drift > timedelta() else "back"
        return (
            f"the wall clock was set {side} by {minutes} minutes while the program ran, "
            f"{unbelieved}, or start the program again if it is right now"
        )
