"""The shop over real stores, without a bot: readers earn, press a button, and press it again."""

from dataclasses import dataclass
from itertools import count

from aiogram.types import User as TelegramUser
from uuid_utils import uuid7

from tests.features.users.storage.world import World, new_world
from yabot.features.besitos.service import BesitosService
from yabot.features.items.model import Item, ItemMetadata
from yabot.features.items.service import ItemService
from yabot.features.items.shelf import Shelf
from yabot.features.shop.order import Order
from yabot.features.shop.service import Offer, Refused, Repriced, ShopService, Unaffordable
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

Answer = Offer | Unaffordable | Repriced | Refused


def item(item_id: str, price: int | None, *, unique: bool = False) -> Item:
    words = {"es": item_id, "en": item_id}
    metadata = ItemMetadata(description=words, emoji="🗝", price=price, unique=unique)
    return Item(item_id=item_id, name=words, type="gift", metadata=metadata)


BOAT, PENCIL, PLATE = item("boat", 3), item("pencil", 6, unique=True), item("plate", None)


@dataclass(frozen=True)
class Trade:
    world: World

    @property
    def database(self) -> Database:
        return self.world.services.database

    @property
    def besitos(self) -> BesitosService:
        return self.world.services[BesitosService]

    @property
    def shop(self) -> ShopService:
        return self.world.services[ShopService]

    @property
    def shelf(self) -> Shelf:
        return self.world.services[ItemService].shelf

    async def join(self, user_id: str, besitos: int = 0) -> None:
        telegram = TelegramUser(id=int(user_id), is_bot=False, first_name="Ana")
        await self.world.register(f"join {uuid7()}", telegram)
        if besitos:
            await self.award(user_id, besitos)

    async def leave(self, user_id: str) -> None:
        await self.world.delete(f"leave {uuid7()}", user_id)

    async def award(self, user_id: str, amount: int) -> None:
        async def give(work: UnitOfWork) -> None:
            key = f"award {uuid7()}"
            await self.besitos.award(
                work, user_id, amount, reason="reaction", source="rewards", key=key
            )

        await self.world.decide(f"award {uuid7()}", give)

    async def press(self, user_id: str, order: Order) -> Answer:
        """As one press of the button that carries ``order``."""
        answers: list[Answer] = []

        async def buy(work: UnitOfWork) -> None:
            user = await self.world.known(user_id)
            answers.append(await self.shop.buy(work, user, order))

        await self.world.decide(f"press {uuid7()}", buy)
        return answers[-1]

    async def inventory(self, user_id: str) -> dict[str, int]:
        user = await self.world.known(user_id)
        return dict(await self.world.services[ItemService].owned(user))


async def open_trade(database: Database, documents: DocumentStore) -> Trade:
    trade = Trade(new_world(database, documents))
    await trade.shelf.replace([BOAT, PENCIL, PLATE], drop=True)
    return trade


_nonces = count(1)


def order(item_id: str, price: int) -> Order:
    """A button of its own."""
    return Order(item_id, price, next(_nonces))
