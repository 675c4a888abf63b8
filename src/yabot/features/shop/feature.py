from pathlib import Path

from aiogram import Router

from yabot.feature import Feature, Services
from yabot.features.besitos.events import BesitosSpent
from yabot.features.besitos.service import BesitosService
from yabot.features.items.events import ItemAcquired
from yabot.features.items.service import ItemService
from yabot.features.shop.handlers import ShopHandlers
from yabot.features.shop.service import ShopService


def _service(services: Services) -> ShopService:
    return ShopService(services[ItemService], services[BesitosService])


def _router(services: Services) -> Router:
    routes = Router(name="shop")
    ShopHandlers(services[ShopService]).register(routes)
    return routes


FEATURE = Feature(
    name="shop",
    chains=((BesitosSpent, ItemAcquired),),
    texts=Path(__file__).parent / "texts",
    commands=("shop",),
    menu=("shop",),
    service=_service,
    router=_router,
)
