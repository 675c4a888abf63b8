"""Buying: the invoice, the pre-checkout, and the messages about a payment or its refund."""

from aiogram import Router
from aiogram.methods import AnswerPreCheckoutQuery, SendInvoice
from aiogram.types import (
    CallbackQuery,
    LabeledPrice,
    Message,
    PreCheckoutQuery,
    RefundedPayment,
    SuccessfulPayment,
)

from yabot.bot.filters import Brings, Pressed
from yabot.bot.localization import Localizer
from yabot.bot.message import Keyboard
from yabot.bot.turn import Turn
from yabot.features.subscriptions.payments import PaymentService
from yabot.features.subscriptions.plans import (
    PERIOD,
    PLANS,
    STARS,
    Charge,
    Plan,
    invoice_payload,
)
from yabot.features.subscriptions.replies import READ_ON, on_payment, on_refund
from yabot.features.subscriptions.terms import Term
from yabot.features.users.service import User


class Checkout:
    def __init__(self, payments: PaymentService) -> None:
        self._payments = payments

    def register(self, routes: Router) -> None:
        routes.callback_query.register(self.offer, Pressed("vip:buy:[a-z]{1,16}"))
        routes.pre_checkout_query.register(self.check)
        routes.message.register(self.take_payment, Brings("successful_payment"))
        routes.message.register(self.take_refund, Brings("refunded_payment"))

    async def offer(self, query: CallbackQuery, turn: Turn, user: User, t: Localizer) -> None:
        name = (query.data or "").rpartition(":")[2]
        turn.interaction("buy_subscription", plan_type=name)
        plan = PLANS.get(name)
        if plan is None:
            turn.reject("outdated")
            turn.acknowledge(t("subscriptions-plan-gone"))
            return
        turn.acknowledge()
        turn.send(_invoice(turn.chat_id, user.user_id, plan, t))

    async def check(
        self, query: PreCheckoutQuery, turn: Turn, user: User | None, t: Localizer
    ) -> None:
        """Whether the payment may be made: the user exists, and the offer still stands."""
        turn.interaction("checkout")
        if user is None:
            _refuse(query, turn, "unknown_user", t("subscriptions-payer-unknown"))
            return
        charge = Charge(user.user_id, query.invoice_payload, query.total_amount, query.currency)
        if charge.plan() is None:
            _refuse(query, turn, "offer_outdated", t("subscriptions-offer-outdated"))
        else:
            turn.send(AnswerPreCheckoutQuery(pre_checkout_query_id=query.id, ok=True))

    async def take_payment(self, message: Message, turn: Turn, t: Localizer) -> None:
        turn.interaction("payment")
        assert message.successful_payment is not None
        charge = _charge(turn, message.successful_payment)
        settled = await self._payments.settle(turn.work, charge)
        if settled == "refunding":
            turn.reject("payment_not_honoured")
        elif settled == "held":
            turn.outcome, turn.error_code = "unavailable", "payment_held"
        buttons = READ_ON if isinstance(settled, Term) else ()
        _say(turn, on_payment(settled, t), [[(t(key), data)] for key, data in buttons])

    async def take_refund(self, message: Message, turn: Turn, t: Localizer) -> None:
        turn.interaction("refund")
        assert message.refunded_payment is not None
        charge = _charge(turn, message.refunded_payment)
        lost = await self._payments.note_refund(turn.work, charge)
        _say(turn, on_refund(lost, charge.amount, t))


def _refuse(query: PreCheckoutQuery, turn: Turn, code: str, reason: str) -> None:
    turn.reject(code)
    turn.send(
        AnswerPreCheckoutQuery(pre_checkout_query_id=query.id, ok=False, error_message=reason)
    )


def _say(turn: Turn, text: str | None, keyboard: Keyboard = ()) -> None:
    if text is not None:
        turn.say(text, keyboard)


def _invoice(chat_id: int, user_id: str, plan: Plan, t: Localizer) -> SendInvoice:
    title = t(plan.name_key)
    return SendInvoice(
        chat_id=chat_id,
        title=title,
        description=t("subscriptions-invoice", days=PERIOD.days),
        payload=invoice_payload(plan, user_id),
        currency=STARS,
        prices=[LabeledPrice(label=title, amount=plan.stars)],
        provider_token="",
        # Without it, others could pay by a forwarded copy for what only this reader can use.
        start_parameter="vip",
    )


def _charge(turn: Turn, payment: SuccessfulPayment | RefundedPayment) -> Charge:
    return Charge(
        user_id=turn.user_id,
        payload=payment.invoice_payload,
        amount=payment.total_amount,
        currency=payment.currency,
        charge_id=payment.telegram_payment_charge_id,
    )
