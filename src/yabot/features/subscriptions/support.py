"""/terms and /paysupport for readers; /refund for those who look after the bot."""

from collections.abc import Sequence

from aiogram import Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from yabot.bot.filters import FromOneOf, OthersWords, Pressed
from yabot.bot.localization import Localizer
from yabot.bot.turn import Turn
from yabot.features.subscriptions.charges import StoredCharge, digest_of
from yabot.features.subscriptions.payments import PaymentService
from yabot.features.subscriptions.plans import PERIOD
from yabot.features.subscriptions.replies import plan_name
from yabot.features.users.notices import Notices
from yabot.features.users.service import User

SHOWN = 5
# Data of the buttons under the question before a refund; payer and charge follow YES.
YES = "refund:yes"
NO = "refund:no"
STATE_KEYS = {
    "paid": "subscriptions-payment-paid",
    "activated": "subscriptions-payment-activated",
    "refunding": "subscriptions-payment-refunding",
    "refunded": "subscriptions-payment-refunded",
    "left": "subscriptions-payment-left",
}


class Support:
    def __init__(
        self,
        payments: PaymentService,
        notices: Notices,
        admins: Sequence[int],
        contact: str | None,
    ) -> None:
        """``contact`` is whom a reader may ask about a payment; ``admins`` may refund it, and are
        not shown to readers.
        """
        self._contact_named = contact
        self._payments = payments
        self._notices = notices
        self._admins = admins

    def register(self, routes: Router) -> None:
        routes.message.register(self.terms, Command("terms"))
        routes.message.register(self.support, Command("paysupport"))
        # For all other users this command does not exist.
        admins = FromOneOf(self._admins)
        routes.message.register(self.refuse_to_refund, Command("refund"), admins, OthersWords())
        routes.message.register(self.ask_to_refund, Command("refund"), admins)
        routes.callback_query.register(self.refund, Pressed(rf"{YES}:[0-9]+:[0-9a-f]+"), admins)
        routes.callback_query.register(self.keep, Pressed(NO), admins)

    async def terms(self, _message: Message, turn: Turn, t: Localizer) -> None:
        turn.interaction("terms")
        turn.say(t("subscriptions-terms", days=PERIOD.days))

    async def support(self, _message: Message, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("paysupport")
        paid = await self._payments.newest(user.user_id, SHOWN)
        parts = [t("subscriptions-support"), self._contact(t), _history(paid, t)]
        turn.say("\n\n".join(parts))

    async def refuse_to_refund(self, _message: Message, turn: Turn, t: Localizer) -> None:
        """Refuse a forwarded command: the administrator may not have read it."""
        turn.interaction("refund_forwarded")
        turn.reject("others_words")
        turn.say(t("subscriptions-refund-forwarded"))

    async def ask_to_refund(
        self, _message: Message, command: CommandObject, turn: Turn, t: Localizer
    ) -> None:
        turn.interaction("refund_asked")
        stored = await self._payments.find((command.args or "").strip())
        if stored is None or stored.state == "refunded":
            _unknown(turn, t)
            return
        charge = stored.charge
        question = t("subscriptions-refund-ask", stars=charge.amount, user=charge.user_id)
        answers = [
            ("subscriptions-refund-yes", f"{YES}:{charge.user_id}:{digest_of(charge.charge_id)}"),
            ("subscriptions-refund-no", NO),
        ]
        said = f"{question}\n\n{_line(stored, t)}"
        turn.say(said, [[(t(key), data)] for key, data in answers])

    async def refund(self, query: CallbackQuery, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("refund_confirmed")
        turn.acknowledge()
        turn.drop_pressed()
        payer, mark = (query.data or "").split(":")[-2:]
        charge_id = await self._charge_of(payer, mark)
        reason = f"asked for by administrator {user.user_id}"
        stored = await self._payments.refund(turn.work, charge_id, reason)
        if stored is None:
            _unknown(turn, t)
            return
        charge = stored.charge
        turn.say(t("subscriptions-refund-begun", stars=charge.amount, user=charge.user_id))
        if stored.state == "refunding":
            # Pressed twice: the payer has been told before.
            return
        await self._notices.tell(
            turn.work,
            charge.user_id,
            lambda theirs: theirs("subscriptions-refund-coming", stars=charge.amount),
            asked_for=True,
        )

    async def keep(self, _query: CallbackQuery, turn: Turn, t: Localizer) -> None:
        turn.decline("refund_declined", t("subscriptions-refund-kept"))

    async def _charge_of(self, payer: str, mark: str) -> str:
        """The id of the payer's charge that a button means, or an empty text."""
        ids = await self._payments.ids_of(payer)
        return next((charge_id for charge_id in ids if digest_of(charge_id) == mark), "")

    def _contact(self, t: Localizer) -> str:
        if self._contact_named is None:
            return t("subscriptions-support-nobody")
        return t("subscriptions-support-contact", contact=self._contact_named)


def _unknown(turn: Turn, t: Localizer) -> None:
    turn.reject("unknown_charge")
    turn.say(t("subscriptions-refund-unknown"))


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
