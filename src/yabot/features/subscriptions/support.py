"""/terms and /paysupport for readers; /refund for those who look after the bot."""

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from yabot.bot.filters import FromOneOf
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.subscriptions.charges import StoredCharge
from yabot.features.subscriptions.payments import PaymentService
from yabot.features.subscriptions.plans import PERIOD
from yabot.features.subscriptions.replies import plan_name
from yabot.features.users.notices import Notices
from yabot.features.users.service import User

SHOWN = 5
STATE_KEYS = {
    "paid": "subscriptions-payment-paid",
    "activated": "subscriptions-payment-activated",
    "refunding": "subscriptions-payment-refunding",
    "refunded": "subscriptions-payment-refunded",
}


class Support:
    def __init__(self, payments: PaymentService, notices: Notices, admins: Sequence[int]) -> None:
        """``admins`` are whom a reader may ask about a payment, by Telegram's ids."""
        self._payments = payments
        self._notices = notices
        self._admins = admins

    def register(self, routes: Router) -> None:
        routes.message.register(self.terms, Command("terms"))
        routes.message.register(self.support, Command("paysupport"))
        # To everybody else it is a command that does not exist.
        routes.message.register(self.refund, Command("refund"), FromOneOf(self._admins))

    async def terms(self, _message: Message, turn: Turn, t: Localizer) -> None:
        turn.interaction("terms")
        turn.say(t("subscriptions-terms", days=PERIOD.days))

    async def support(self, _message: Message, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("paysupport")
        paid = await self._payments.newest(user.user_id, SHOWN)
        parts = [t("subscriptions-support"), self._contact(t), _history(paid, t)]
        turn.say("\n\n".join(parts))

    async def refund(
        self, _message: Message, command: CommandObject, turn: Turn, user: User, t: Localizer
    ) -> None:
        turn.interaction("refund_asked")
        charge_id = (command.args or "").strip()
        reason = f"asked for by administrator {user.user_id}"
        stored = await self._payments.refund(turn.work, charge_id, reason)
        if stored is None:
            turn.reject("unknown_charge")
            turn.say(t("subscriptions-refund-unknown"))
            return
        charge = stored.charge
        turn.say(t("subscriptions-refund-asked", stars=charge.amount, user=charge.user_id))
        await self._notices.tell(
            turn.work,
            charge.user_id,
            lambda theirs: theirs("subscriptions-refund-coming", stars=charge.amount),
            asked_for=True,
        )

    def _contact(self, t: Localizer) -> str:
        if not self._admins:
            return t("subscriptions-support-nobody")
        links = ", ".join(f'<a href="tg://user?id={admin}">{admin}</a>' for admin in self._admins)
        return f"{t('subscriptions-support-contact')} {links}"


def _history(paid: Sequence[StoredCharge], t: Localizer) -> str:
    if not paid:
        return t("subscriptions-no-payments")
    return "\n".join([t("subscriptions-payments"), *(_line(stored, t) for stored in paid)])


def _line(stored: StoredCharge, t: Localizer) -> str:
    charge = stored.charge
    plan = charge.plan()
    said = t(
        "subscriptions-payment",
        on=stored.created_at,
        stars=charge.amount,
        plan=plan_name(plan.plan_type if plan else None, t),
        state=t(STATE_KEYS[stored.state]),
    )
    return f"{said}\n<code>{charge.charge_id}</code>"
