"""A wall clock that is believed as long as it moves like the monotonic one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from yabot.clock import uptime, utc_now
from yabot.errors import TransientError

# By how much the two may differ: a clock is set right by seconds, and wrong by hours.
MOST_DRIFT = timedelta(minutes=5)


class ClockDistrusted(TransientError):
    """The wall clock has jumped: no deadline has come by it, and nothing has grown old."""

    code = "clock_distrusted"


@dataclass(slots=True)
class TrustedClock:
    """Compares how much time has passed since it was made, by either clock."""

    wall: Callable[[], datetime] = utc_now
    steady: Callable[[], float] = uptime
    _wall_began: datetime = field(init=False)
    _steady_began: float = field(init=False)

    def __post_init__(self) -> None:
        self._wall_began, self._steady_began = self.wall(), self.steady()

    def now(self) -> datetime:
        """Raises ClockDistrusted."""
        now = self.wall()
        passed = timedelta(seconds=self.steady() - self._steady_began)
        drift = now - self._wall_began - passed
        if abs(drift) > MOST_DRIFT:
            ahead = "ahead" if drift > timedelta() else "back"
            # In whole minutes, so that the same jump is the same sentence for as long as it lasts.
            minutes = round(abs(drift) / timedelta(minutes=1))
            raise ClockDistrusted(
                f"the wall clock was set {ahead} by {minutes} minutes while the program ran, so "
                "neither a deadline nor an age is believed: set it right, or start the program "
                "again if it is right now"
            )
        return now
