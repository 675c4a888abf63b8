"""Telegram's list of Star transactions, as charges and refunds of ours.

Each entry is read by itself, and only as far as needed: an entry that this version does not know
must not keep readers from what they have paid for.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from aiogram.methods import GetStarTransactions
from pydantic import ConfigDict

from yabot.features.subscriptions.plans import Charge
from yabot.observability.logging import get_logger

log = get_logger(__name__)

Charges = dict[str, Charge]
Json = dict[str, Any]
# The ``transaction_type`` of an invoice's entry; older answers lack it.
INVOICE = "invoice_payment"
# The year 3000, in Telegram's seconds.
END_OF_TIME = 32_503_680_000


class GetRawStarTransactions(GetStarTransactions):
    """As JSON: aiogram reads a whole page or nothing of it."""

    model_config = ConfigDict(hide_input_in_errors=True)
    __returning__ = Any  # type: ignore[assignment]


def entries_in(page: Any) -> list[Json]:
    """A page's entries, in order; a malformed one becomes {}, so that it is counted, too."""
    listed = page.get("transactions") if isinstance(page, dict) else None
    return [each if isinstance(each, dict) else {} for each in listed or []]


def charges_in(moved: Iterable[Json]) -> Charges:
    """What readers have paid for invoices, by the charge's id."""
    return _found(moved, "source")


def refunds_in(moved: Iterable[Json]) -> Charges:
    """What was given back to readers, by the id of the charge that was refunded."""
    return _found(moved, "receiver")


def _found(moved: Iterable[Json], side: str) -> Charges:
    found = (_charge(each, each.get(side)) for each in moved)
    return {charge.charge_id: charge for charge in found if charge is not None}


def _charge(entry: Json, partner: Any) -> Charge | None:
    """None for gifts, adverts, withdrawals and everything else that is no user's invoice."""
    if not isinstance(partner, dict):
        return None
    payload = partner.get("invoice_payload")
    if not isinstance(payload, str) and partner.get("transaction_type") != INVOICE:
        return None
    person = partner.get("user")
    user_id = person.get("id") if isinstance(person, dict) else None
    charge_id, amount = entry.get("id"), entry.get("amount")
    if type(user_id) is not int or type(amount) is not int or not isinstance(charge_id, str):
        log.error("payment.unreadable")
        return None
    bought = payload if isinstance(payload, str) else ""
    return Charge(str(user_id), bought, amount, charge_id=charge_id, paid_at=_moment(entry))


def _moment(entry: Json) -> datetime | None:
    seconds = entry.get("date")
    if type(seconds) is not int or not 0 <= seconds < END_OF_TIME:
        return None
    return datetime.fromtimestamp(seconds, UTC)
