"""What is sold, and the names under which an invoice asks for it."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

PlanType = Literal["premium", "vip"]

# Telegram's code for Stars.
STARS = "XTR"
PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Plan:
    """``stars`` buy one PERIOD; the keys are of the texts that name and describe the plan."""

    plan_type: PlanType
    stars: int
    name_key: str
    offer_key: str


PLANS: dict[str, Plan] = {
    plan.plan_type: plan
    for plan in (
        Plan("premium", 100, "subscriptions-premium", "subscriptions-premium-offer"),
        Plan("vip", 250, "subscriptions-vip", "subscriptions-vip-offer"),
    )
}


@dataclass(frozen=True, slots=True)
class Charge:
    """Stars that a reader is about to pay, or has paid; ``charge_id`` is Telegram's, once paid."""

    user_id: str
    payload: str
    amount: int
    currency: str = STARS
    charge_id: str = ""
    # Known only from Telegram's list.
    paid_at: datetime | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the charge is for an invoice of this bot's form, whatever was on sale then."""
        made = f"{_SUBJECT}:[a-z]{{1,16}}:{re.escape(self.user_id)}"
        return re.fullmatch(made, self.payload) is not None

    def plan(self) -> Plan | None:
        """The plan that the charge buys; None if there is none at exactly this price."""
        subject, _, rest = self.payload.partition(":")
        name, _, user_id = rest.partition(":")
        plan = PLANS.get(name)
        if plan is None or (subject, user_id) != (_SUBJECT, self.user_id):
            return None
        return plan if (self.amount, self.currency) == (plan.stars, STARS) else None


_SUBJECT = "subscription"


def invoice_payload(plan: Plan, user_id: str) -> str:
    """For whom and for what the invoice is; comes back with the pre-checkout and the payment."""
    return f"{_SUBJECT}:{plan.plan_type}:{user_id}"
