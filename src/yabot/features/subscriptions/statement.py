"""Telegram's list of what moved in Stars, as charges and refunds of ours."""

from collections.abc import Iterable

from aiogram.types import StarTransaction, TransactionPartnerUser

from yabot.features.subscriptions.plans import Charge

Charges = dict[str, Charge]


def charges_in(moved: Iterable[StarTransaction]) -> Charges:
    """What readers have paid for invoices, by the charge's id."""
    found = (_charge(each, each.source) for each in moved)
    return {charge.charge_id: charge for charge in found if charge is not None}


def refunds_in(moved: Iterable[StarTransaction]) -> Charges:
    """What was given back to them, by the id of the charge that it undoes."""
    found = (_charge(each, each.receiver) for each in moved)
    return {charge.charge_id: charge for charge in found if charge is not None}


def _charge(transaction: StarTransaction, partner: object) -> Charge | None:
    """None for gifts, adverts, withdrawals and whatever else is no invoice of a user's."""
    if not isinstance(partner, TransactionPartnerUser) or partner.invoice_payload is None:
        return None
    return Charge(
        user_id=str(partner.user.id),
        payload=partner.invoice_payload,
        amount=transaction.amount,
        charge_id=transaction.id,
    )
