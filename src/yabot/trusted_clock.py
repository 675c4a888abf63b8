"""A wall clock that is trusted as long as it advances like the monotonic one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from yabot.clock import uptime, utc_now
from yabot.errors import TransientError

# How far the two may differ: a correction moves a clock by seconds, a mistake by hours.
MOST_DRIFT = timedelta(minutes=5)
# Seconds, at most, between a question and its answer with the time: after a longer wait nobody
# knows when that time was.
LONGEST_ANSWER = 100.0


class ClockDistrusted(TransientError):
    """The wall clock has jumped: it decides neither deadlines nor ages."""

    code = "clock_distrusted"


@dataclass(slots=True)
class TrustedClock:
    """Compares how much time has passed by either clock: since Telegram last told the time, or
    before that, since this object was made.
    """

    wall: Callable[[], datetime] = utc_now
    steady: Callable[[], float] = uptime
    _wall_began: datetime = field(init=False)
    _steady_began: float = field(init=False)
    _is_told: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._wall_began, self._steady_began = self.wall(), self.steady()

    def hear(self, told: datetime, asked_at: float) -> None:
        """Take Telegram's time as the reference: it is right also if the wall clock was wrong at
        the start or has been corrected. ``asked_at`` is when it was asked, by ``steady``."""
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
        # In whole minutes, so that the sentence stays the same as long as the jump lasts.
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
