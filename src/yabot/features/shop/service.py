"""Besitos become items: the debit and the grant are one unit of work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from yabot.features.besitos.service import BesitosService
from yabot.features.items.model import Item
from yabot.features.items.service import ItemService
from yabot.features.shop.order import Order
from yabot.features.users.service import User
from yabot.log.unit_of_work import UnitOfWork, guard

# outdated: there is no such item for sale (any more).
Refusal = Literal["outdated", "already_owned", "repeated"]


@dataclass(frozen=True, slots=True)
class Counter:
    """The shop as one reader sees it; ``owned`` has all that they have, for sale or not."""

    balance: int
    for_sale: Sequence[Item]
    owned: Sequence[tuple[Item, int]]


@dataclass(frozen=True, slots=True)
class Offer:
    """An item that the reader can buy: ``balance`` is what they have now."""

    item: Item
    price: int
    balance: int

    @property
    def left(self) -> int:
        """The balance after the purchase."""
        return self.balance - self.price


@dataclass(frozen=True, slots=True)
class Unaffordable:
    """The reader has too little for what they wanted."""

    offer: Offer

    @property
    def missing(self) -> int:
        return -self.offer.left


@dataclass(frozen=True, slots=True)
class Repriced:
    """The price is not the one that the reader was told."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Refused:
    why: Refusal


class ShopService:
    """All raise StoreUnavailable, also when only MongoDB is away: then nothing is bought."""

    def __init__(self, items: ItemService, besitos: BesitosService) -> None:
        self._items = items
        self._besitos = besitos

    async def visit(self, user: User) -> Counter:
        items, owned = await self._items.shelf.all(), await self._items.owned(user)
        others = [*owned.keys() - {item.item_id for item in items}]
        brought = await self._items.shelf.those(others) if others else []
        return Counter(
            balance=await self._besitos.balance(user.user_id),
            for_sale=[item for item in items if _is_for_sale(item, owned)],
            owned=[
                (item, owned[item.item_id]) for item in (*items, *brought) if item.item_id in owned
            ],
        )

    async def offer(self, user: User, item_id: str) -> Offer | Unaffordable | Refused:
        """The item at its present price, if the reader can buy it."""
        item = await self._items.shelf.find(item_id)
        if item is None or item.metadata.price is None:
            return Refused("outdated")
        if not _is_for_sale(item, await self._items.owned(user)):
            return Refused("already_owned")
        balance = await self._besitos.balance(user.user_id)
        offer = Offer(item, item.metadata.price, balance)
        return offer if offer.left >= 0 else Unaffordable(offer)

    async def buy(
        self, work: UnitOfWork, user: User, order: Order
    ) -> Offer | Unaffordable | Repriced | Refused:
        """The offer that was taken; any other answer has added nothing to the unit."""
        key, payment = order.key(user.user_id), work.draft()
        # First, so that a repeated press is answered as one, whatever has happened since.
        paid = await self._besitos.spend(
            payment, user.user_id, order.price, reason="purchase", source="shop", key=key
        )
        if paid == "repeated":
            return Refused("repeated")
        offer = await self.offer(user, order.item_id)
        if not isinstance(offer, Offer):
            return offer
        if offer.price != order.price:
            return Repriced(offer)
        guard(paid == "spent", f"the account of user {user.user_id}")
        work.absorb(payment)
        await self._items.grant(work, user, order.item_id, transaction_id=key)
        return offer


def _is_for_sale(item: Item, owned: Mapping[str, int]) -> bool:
    """Whether a reader who owns ``owned`` can buy the item."""
    if item.metadata.price is None:
        return False
    return not (item.metadata.unique and owned.get(item.item_id))
