from typing import ClassVar

from pydantic import Field

from yabot.events.envelope import EventPayload, Timestamp
from yabot.features.subscriptions.plans import PlanType
from yabot.features.subscriptions.terms import Status


class SubscriptionUpdated(EventPayload):
    """A subscription was bought, extended, changed, cancelled, refunded, or has ended."""

    event_type: ClassVar[str] = "subscription_updated"
    needs_user: ClassVar[bool] = True

    plan_type: PlanType
    status: Status = Field(description="cancelled still gives access until end_date")
    start_date: Timestamp
    end_date: Timestamp


class PaymentHeld(EventPayload):
    """A charge was taken and could not be activated: it is tried again, or else given back."""

    event_type: ClassVar[str] = "payment_held"
    needs_user: ClassVar[bool] = True

    charge_id: str = Field(description="Telegram's, as in `telegram_payment_charge_id`")


class ChargesLeft(EventPayload):
    """Telegram's list has charges for our invoices that were not paid here, as far as is known:
    they are left as they are, for an administrator to decide on."""

    event_type: ClassVar[str] = "charges_left"

    charges: int = Field(description="how many")


EVENTS = (SubscriptionUpdated, PaymentHeld, ChargesLeft)
