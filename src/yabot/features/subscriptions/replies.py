"""What a reader is told about their subscription and their Stars."""

from yabot.bot.localization import Localizer
from yabot.features.subscriptions.payments import Refunded, Settled
from yabot.features.subscriptions.plans import PLANS
from yabot.features.subscriptions.terms import Term

# Pairs of a text's key and callback data.
READ_ON = (("subscriptions-read", "story"),)
LOOK_AT_PLANS = (("subscriptions-see-plans", "vip"),)


def plan_name(plan_type: str | None, t: Localizer) -> str:
    plan = PLANS.get(plan_type or "")
    return t(plan.name_key) if plan else t("subscriptions-unknown-plan")


def on_payment(settled: Settled, t: Localizer) -> str | None:
    if isinstance(settled, Term):
        plan = plan_name(settled.plan_type, t)
        return t("subscriptions-thanks", plan=plan, until=settled.end_date)
    if settled == "held":
        return t("subscriptions-held")
    return t("subscriptions-refunding") if settled == "refunding" else None


def on_refund(lost: Refunded, stars: int, t: Localizer) -> str | None:
    if lost == "known":
        return None
    if lost is None:
        return t("subscriptions-refunded", stars=stars)
    if lost.status == "expired":
        return t("subscriptions-refunded-ended", stars=stars)
    return t("subscriptions-refunded-shorter", stars=stars, until=lost.end_date)


def on_ending(term: Term, t: Localizer) -> str:
    plan = plan_name(term.plan_type, t)
    return t("subscriptions-ending", plan=plan, until=term.end_date)


def on_end(term: Term, t: Localizer) -> str:
    return t("subscriptions-ended", plan=plan_name(term.plan_type, t))
