"""The rules of a subscription: what buying, cancelling and refunds make of it. No clock, no store.

Time is worth the price of its plan. A change of plan keeps the worth of what is left, and a refund
takes back as much time as its Stars had bought: nobody gains or loses by either.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from yabot.features.subscriptions.plans import PERIOD, PLANS, Plan, PlanType

Status = Literal["active", "inactive", "cancelled", "expired"]

# How far ahead a given term may end: ten years.
LONGEST_GIVEN = timedelta(days=3653)


@dataclass(frozen=True, slots=True)
class Term:
    """Subscribed time without a gap, from its first purchase to its end."""

    plan_type: PlanType
    status: Status
    start_date: datetime
    end_date: datetime

    def runs(self, now: datetime) -> bool:
        """Whether the term gives access; a cancelled one does until its end."""
        return self.status in {"active", "cancelled"} and now < self.end_date


def bought(term: Term | None, plan: Plan, now: datetime, time: timedelta = PERIOD) -> Term:
    """The term with ``time`` more; the rest of another plan is converted at its worth."""
    if term is None or not term.runs(now):
        return Term(plan.plan_type, "active", now, now + time)
    left = (term.end_date - now) * PLANS[term.plan_type].stars / plan.stars
    return Term(plan.plan_type, "active", term.start_date, now + left + time)


def cancelled(term: Term) -> Term:
    """Nothing is taken away: access stays until the end."""
    return replace(term, status="cancelled")


def expired(term: Term) -> Term:
    return replace(term, status="expired")


def taken_back(term: Term, stars: int, now: datetime) -> Term:
    """The term without the time that ``stars`` buy; it ends at once if nothing is left."""
    end = term.end_date - PERIOD * stars / PLANS[term.plan_type].stars
    if end > now:
        return replace(term, end_date=end)
    return replace(term, status="expired", end_date=now)
