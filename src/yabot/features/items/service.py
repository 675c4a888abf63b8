from collections import Counter
from collections.abc import Mapping
from typing import Literal

from yabot.features.items.events import ItemAcquired, ItemRemoved
from yabot.features.items.inventory import INVENTORY
from yabot.features.items.shelf import Shelf
from yabot.features.users.model import UserState
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork

# How many of one item a user may have.
MOST_OF_ONE = 1_000_000

# Only the first of each adds anything to the unit.
Giving = Literal["given", "unknown_item", "unique", "too_many"]
Taking = Literal["taken", "unknown_item", "not_owned"]


class ItemService:
    """All raise StoreUnavailable, and GuardFailed when the user has moved on since they were read.
    Methods that change what a user owns only add to the unit of work.
    """

    def __init__(self, shelf: Shelf, users: UserService) -> None:
        self.shelf = shelf
        self._users = users

    async def owned(self, user: User) -> Mapping[str, int]:
        """How many of each item the user has, by its id, oldest first."""
        return (await self._users.part(user, INVENTORY)).quantities()

    async def grant(
        self, work: UnitOfWork, user: User, item_id: str, *, transaction_id: str, quantity: int = 1
    ) -> None:
        """Give the user an item, in the unit of work that pays for it."""
        await self._users.change_part(
            work, user, INVENTORY, lambda inventory: inventory.with_more(item_id, quantity)
        )
        acquired = ItemAcquired(item_id=item_id, quantity=quantity, transaction_id=transaction_id)
        work.publish(acquired, user.user_id)

    def exchange(
        self,
        work: UnitOfWork,
        user: User,
        gained: Mapping[str, int],
        lost: Mapping[str, int],
        *,
        transaction_id: str,
    ) -> None:
        """``grant`` and ``take`` items in one step; they must exist, and those taken be owned.

        The user's state must have been read.
        """

        def change(state: UserState) -> UserState:
            inventory = INVENTORY.of(state).with_changes(Counter(gained), Counter(lost))
            return INVENTORY.put(state, inventory)

        self._users.update_state(work, user, change)
        for kind, changed in ((ItemAcquired, gained), (ItemRemoved, lost)):
            for item_id, quantity in changed.items():
                event = kind(item_id=item_id, quantity=quantity, transaction_id=transaction_id)
                work.publish(event, user.user_id)

    async def give(self, work: UnitOfWork, user: User, item_id: str, quantity: int) -> Giving:
        """``grant`` without a payment, if the item exists and the user may have as many."""
        item = await self.shelf.find(item_id)
        if item is None:
            return "unknown_item"
        then = (await self.owned(user)).get(item_id, 0) + quantity
        if item.metadata.unique and then > 1:
            return "unique"
        if then > MOST_OF_ONE:
            return "too_many"
        await self.grant(work, user, item_id, transaction_id=work.cause.id, quantity=quantity)
        return "given"

    async def take(self, work: UnitOfWork, user: User, item_id: str, quantity: int) -> Taking:
        """Take an item from the user, also one that is no longer on the shelf."""
        has = (await self.owned(user)).get(item_id, 0)
        if has < quantity:
            is_known = has > 0 or await self.shelf.find(item_id) is not None
            return "not_owned" if is_known else "unknown_item"
        await self._users.change_part(
            work, user, INVENTORY, lambda inventory: inventory.with_fewer(item_id, quantity)
        )
        removed = ItemRemoved(item_id=item_id, quantity=quantity, transaction_id=work.cause.id)
        work.publish(removed, user.user_id)
        return "taken"
