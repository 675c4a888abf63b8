from pathlib import Path

from yabot.feature import Feature, Services
from yabot.features.items import api
from yabot.features.items.demo import demo_items
from yabot.features.items.events import EVENTS
from yabot.features.items.inventory import INVENTORY
from yabot.features.items.personal_data import personal_data
from yabot.features.items.service import ItemService
from yabot.features.items.shelf import COLLECTIONS, Shelf
from yabot.features.users.service import UserService
from yabot.log.personal_data import PersonalData
from yabot.observability.logging import get_logger

log = get_logger(__name__)


def _service(services: Services) -> ItemService:
    return ItemService(Shelf(services.documents), services[UserService])


def _personal_data(services: Services) -> PersonalData:
    return personal_data(services[UserService], services[ItemService])


async def _prepare(services: Services) -> None:
    """Import the demo items if there are none yet."""
    shelf = services[ItemService].shelf
    # Nearly always there are some: then nothing is parsed, and no transaction begins.
    if not await shelf.is_empty():
        return
    if await shelf.fill(demo_items()):
        log.info("items.demo_imported")


FEATURE = Feature(
    name="items",
    events=EVENTS,
    collections=COLLECTIONS,
    state=(INVENTORY,),
    texts=Path(__file__).parent / "texts",
    service=_service,
    personal_data=_personal_data,
    api=api.routes,
    prepare=_prepare,
)
