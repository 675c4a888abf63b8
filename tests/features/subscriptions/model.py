"""Subscriptions as a plain model: time is worth the Stars that buy it, and no more is known."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import strategies as st

PRICES = {"premium": 100, "vip": 250}
PERIOD = timedelta(days=30)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Buy:
    plan: str


@dataclass(frozen=True)
class TellAgain:
    """Telegram tells of a charge once more; ``charge`` counts from the first, round and round."""

    charge: int


@dataclass(frozen=True)
class Refund:
    charge: int


@dataclass(frozen=True)
class Cancel:
    pass


@dataclass(frozen=True)
class Deadline:
    """Somebody looks whether the end has come."""


@dataclass(frozen=True)
class Pass:
    hours: int


Action = Buy | TellAgain | Refund | Cancel | Deadline | Pass

actions = st.one_of(
    st.builds(Buy, st.sampled_from(sorted(PRICES))),
    st.builds(Buy, st.sampled_from(sorted(PRICES))),
    st.builds(TellAgain, st.integers(0, 5)),
    st.builds(Refund, st.integers(0, 5)),
    st.just(Cancel()),
    st.just(Deadline()),
    st.builds(Pass, st.integers(1, 24 * 40)),
)
plans = st.lists(actions, min_size=3, max_size=14)


@dataclass
class Model:
    now: datetime
    # What is left, in Stars at the price of the plan that runs; none when nothing runs.
    worth: Fraction = Fraction(0)
    plan: str = ""
    status: str = ""
    # Nobody has looked yet since the end came.
    unclosed: bool = False
    charges: list[str] = field(default_factory=list)
    refunded: set[int] = field(default_factory=set)
    # The charges that paid for what runs.
    running: set[int] = field(default_factory=set)
    # Plan and status of each event that must have been published.
    told: list[tuple[str, str]] = field(default_factory=list)

    @property
    def opens(self) -> bool:
        return self.worth > 0

    @property
    def end(self) -> datetime:
        """When what is left is used up, to the microsecond."""
        share = self.worth / PRICES[self.plan]
        return self.now + timedelta(microseconds=int(share * (PERIOD // timedelta(microseconds=1))))

    def act(self, action: Action) -> None:
        match action:
            case Buy(plan):
                self._buy(plan)
            case Refund(number) if self.charges:
                self._refund(number % len(self.charges))
            case Cancel() if self.opens and self.status == "active":
                self._becomes("cancelled")
            case Deadline() if self.unclosed:
                self._close()
            case Pass(hours):
                self.wait(timedelta(hours=hours))

    def wait(self, span: timedelta) -> None:
        self.now += span
        if self.opens:
            self.worth -= (
                Fraction(span // timedelta(microseconds=1))
                * PRICES[self.plan]
                / (PERIOD // timedelta(microseconds=1))
            )
            if not self.opens:
                self.unclosed = True

    def _buy(self, plan: str) -> None:
        if self.unclosed:
            self._close()
        if not self.opens:
            self.worth, self.running = Fraction(0), set()
        self.running.add(len(self.charges))
        self.charges.append(plan)
        self.worth += PRICES[plan]
        self.plan = plan
        self._becomes("active")

    def _refund(self, number: int) -> None:
        if number in self.refunded:
            return
        self.refunded.add(number)
        if not self.opens or number not in self.running:
            return
        self.worth -= PRICES[self.charges[number]]
        if self.opens:
            self._becomes(self.status)
        else:
            self._becomes("expired")

    def _close(self) -> None:
        self.unclosed = False
        self._becomes("expired")

    def _becomes(self, status: str) -> None:
        self.status = status
        self.told.append((self.plan, status))
