"""/vip: what there is, what you have, and how to leave."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, TelegramObject

from yabot.bot.filters import Pressed
from yabot.bot.localization import Localizer
from yabot.bot.message import Keyboard
from yabot.bot.turn import Turn
from yabot.features.subscriptions.plans import PERIOD, PLANS, Plan
from yabot.features.subscriptions.replies import plan_name
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.subscriptions.terms import Term
from yabot.features.users.service import User


class SubscriptionHandlers:
    def __init__(self, subscriptions: SubscriptionService) -> None:
        self._subscriptions = subscriptions

    def register(self, routes: Router) -> None:
        routes.message.register(self.show, Command("vip"))
        routes.callback_query.register(self.show, Pressed("vip"))
        routes.callback_query.register(self.ask_to_cancel, Pressed("vip:cancel"))
        routes.callback_query.register(self.cancel, Pressed("vip:cancel:yes"))
        routes.callback_query.register(self.keep, Pressed("vip:cancel:no"))

    async def show(self, _event: TelegramObject, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("vip")
        turn.acknowledge()
        term = await self._subscriptions.running(user.user_id)
        plans = "\n\n".join(
            t(plan.offer_key, stars=plan.stars, days=PERIOD.days) for plan in PLANS.values()
        )
        said = "\n\n".join([_present(term, t), plans, t("subscriptions-rules")])
        turn.say(said, _counter(term, t))

    async def ask_to_cancel(
        self, _query: CallbackQuery, turn: Turn, user: User, t: Localizer
    ) -> None:
        turn.interaction("cancel_subscription")
        turn.acknowledge()
        term = await self._subscriptions.running(user.user_id)
        if term is None or term.status != "active":
            _nothing_to_cancel(turn, t)
            return
        answers = [
            ("subscriptions-cancel-yes", "vip:cancel:yes"),
            ("subscriptions-cancel-no", "vip:cancel:no"),
        ]
        question = t("subscriptions-cancel-ask", until=term.end_date)
        turn.say(question, [[(t(key), data)] for key, data in answers])

    async def cancel(self, _query: CallbackQuery, turn: Turn, user: User, t: Localizer) -> None:
        turn.interaction("cancel_subscription_confirmed")
        turn.acknowledge()
        turn.drop_pressed()
        term = await self._subscriptions.cancel(turn.work, user.user_id)
        if term is None:
            _nothing_to_cancel(turn, t)
        else:
            turn.say(t("subscriptions-cancel-done", until=term.end_date))

    async def keep(self, _query: CallbackQuery, turn: Turn, t: Localizer) -> None:
        turn.decline("cancel_subscription_declined", t("subscriptions-cancel-kept"))


def _present(term: Term | None, t: Localizer) -> str:
    if term is None:
        return t("subscriptions-none")
    key = "subscriptions-active" if term.status == "active" else "subscriptions-cancelled"
    return t(key, plan=plan_name(term.plan_type, t), until=term.end_date)


def _counter(term: Term | None, t: Localizer) -> Keyboard:
    rows = [[_buy(plan, t)] for plan in PLANS.values()]
    if term is not None and term.status == "active":
        rows.append([(t("subscriptions-cancel"), "vip:cancel")])
    return rows


def _buy(plan: Plan, t: Localizer) -> tuple[str, str]:
    text = t("subscriptions-buy", plan=t(plan.name_key), stars=plan.stars)
    return text, f"vip:buy:{plan.plan_type}"


def _nothing_to_cancel(turn: Turn, t: Localizer) -> None:
    turn.reject("nothing_to_cancel")
    turn.say(t("subscriptions-cancel-nothing"))
