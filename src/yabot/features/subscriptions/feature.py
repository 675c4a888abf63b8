from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aiogram import Bot, Router

from yabot.bot.localization import Localizer
from yabot.coordinator.process import Process
from yabot.feature import Feature, Services
from yabot.features.subscriptions import api
from yabot.features.subscriptions.charges import REFUND
from yabot.features.subscriptions.checkout import Checkout
from yabot.features.subscriptions.events import EVENTS
from yabot.features.subscriptions.handlers import SubscriptionHandlers
from yabot.features.subscriptions.held import HeldPaymentProcess
from yabot.features.subscriptions.payments import PaymentService
from yabot.features.subscriptions.process import SubscriptionProcess
from yabot.features.subscriptions.reconciliation import Reconciliation
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.subscriptions.support import Support
from yabot.features.subscriptions.tables import payments, subscriptions
from yabot.features.users.notices import Notices
from yabot.features.users.service import UserService
from yabot.log.personal_data import PersonalData, Privacy
from yabot.runtime.loops import WakingLoop

HERE = Path(__file__).parent


def _payments(services: Services) -> PaymentService:
    return PaymentService(services.database, services[UserService], services[SubscriptionService])


def _personal_data(services: Services) -> PersonalData:
    service, paid = services[SubscriptionService], _payments(services)

    async def export(user_id: str) -> dict[str, Any]:
        return {
            "subscriptions": await service.export(user_id),
            "payments": await paid.export(user_id),
        }

    async def losing(user_id: str, t: Localizer) -> str | None:
        term = await service.running(user_id)
        return t("subscriptions-losing", until=term.end_date) if term else None

    privacy = Privacy("subscriptions-keeps", "subscriptions-lasts", "subscriptions-forget")
    return PersonalData(export, service.erase, losing, privacy, stays=(payments,))


def _router(services: Services) -> Router:
    routes = Router(name="subscriptions")
    SubscriptionHandlers(services[SubscriptionService]).register(routes)
    Checkout(_payments(services)).register(routes)
    support = Support(
        _payments(services), _notices(services), services.admins, services.support_contact
    )
    support.register(routes)
    return routes


def _notices(services: Services) -> Notices:
    return Notices(services[UserService], services.texts)


def _processes(services: Services) -> Sequence[Process[Any]]:
    return [
        SubscriptionProcess(services[SubscriptionService], _notices(services)),
        HeldPaymentProcess(_payments(services), _notices(services)),
    ]


def _loops(services: Services, bot: Bot) -> Sequence[WakingLoop]:
    reconciliation = Reconciliation(bot, services.commits, _payments(services), _notices(services))
    return [reconciliation.loop]


FEATURE = Feature(
    name="subscriptions",
    events=EVENTS,
    tables=(subscriptions, payments),
    migrations=HERE / "migrations",
    texts=HERE / "texts",
    commands=("vip", "terms", "paysupport"),
    service=lambda services: SubscriptionService(services.database),
    personal_data=_personal_data,
    router=_router,
    api=api.routes,
    processes=_processes,
    loops=_loops,
    lasting=(REFUND,),
)
