from collections.abc import Sequence
from pathlib import Path

from aiogram import Bot, Router

from yabot.bot.localization import Localizer
from yabot.feature import Feature, Services
from yabot.features.besitos import api, handlers
from yabot.features.besitos.events import EVENTS
from yabot.features.besitos.gift import GiftHandler
from yabot.features.besitos.gift_notices import GiftNotices
from yabot.features.besitos.service import BesitosService
from yabot.features.besitos.tables import TABLES
from yabot.features.users.notices import Notices
from yabot.features.users.service import UserService
from yabot.log.personal_data import PersonalData, Privacy
from yabot.runtime.loops import WakingLoop

HERE = Path(__file__).parent


def _service(services: Services) -> BesitosService:
    return BesitosService(services.database, services[UserService])


def _personal_data(services: Services) -> PersonalData:
    besitos = services[BesitosService]

    async def losing(user_id: str, t: Localizer) -> str | None:
        balance = await besitos.balance(user_id)
        return t("besitos-losing", balance=balance) if balance else None

    privacy = Privacy("besitos-keeps", "besitos-lasts", "besitos-forget")
    return PersonalData(besitos.export, besitos.erase, losing, privacy)


def _notices(services: Services) -> GiftNotices:
    return GiftNotices(services.commits, Notices(services[UserService], services.texts))


def _loops(services: Services, _bot: Bot) -> Sequence[WakingLoop]:
    return [_notices(services).loop]


def _router(services: Services) -> Router:
    gift = GiftHandler(services[UserService], services[BesitosService], _notices(services))
    routes = handlers.router()
    gift.register(routes)
    return routes


FEATURE = Feature(
    name="besitos",
    events=EVENTS,
    tables=TABLES,
    migrations=HERE / "migrations",
    texts=HERE / "texts",
    commands=("balance", "gift"),
    menu=("balance",),
    service=_service,
    personal_data=_personal_data,
    router=_router,
    api=api.routes,
    loops=_loops,
)
