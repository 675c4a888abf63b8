from collections.abc import Mapping

from yabot.features.items.events import ItemAcquired
from yabot.features.items.inventory import INVENTORY
from yabot.features.items.shelf import Shelf
from yabot.features.users.service import User, UserService
from yabot.log.unit_of_work import UnitOfWork


class ItemService:
    """Both raise StoreUnavailable, and GuardFailed when the user has moved on since they were
    read."""

    def __init__(self, shelf: Shelf, users: UserService) -> None:
        self.shelf = shelf
        self._users = users

    async def owned(self, user: User) -> Mapping[str, int]:
        """How many of each item the user has, by its id, oldest first."""
        return (await self._users.part(user, INVENTORY)).quantities()

    async def grant(
        self, work: UnitOfWork, user: User, item_id: str, *, transaction_id: str, quantity: int = 1
    ) -> None:
        """Add to what the user owns, and to the unit of work that paid for it."""
        await self._users.change_part(
            work, user, INVENTORY, lambda inventory: inventory.with_more(item_id, quantity)
        )
        acquired = ItemAcquired(item_id=item_id, quantity=quantity, transaction_id=transaction_id)
        work.publish(acquired, user.user_id)
