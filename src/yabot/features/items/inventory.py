"""What a reader owns, in their document."""

from collections import Counter

from pydantic import ConfigDict, Field, RootModel

from yabot.storage.documents.model import FrozenModel
from yabot.storage.documents.parts import StatePart


class InventoryEntry(FrozenModel):
    item_id: str
    quantity: int = Field(ge=1)


class Inventory(RootModel[tuple[InventoryEntry, ...]]):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    root: tuple[InventoryEntry, ...] = ()

    def quantities(self) -> Counter[str]:
        """How many of each item, by its id, oldest first."""
        owned: Counter[str] = Counter()
        for entry in self.root:
            owned[entry.item_id] += entry.quantity
        return owned

    def with_more(self, item_id: str, quantity: int) -> "Inventory":
        owned = self.quantities()
        owned[item_id] += quantity
        return _inventory(owned)

    def with_changes(self, more: Counter[str], fewer: Counter[str]) -> "Inventory":
        """``fewer`` must be owned already, or be in ``more``."""
        owned = self.quantities()
        owned.update(more)
        owned.subtract(fewer)
        return _inventory(owned)

    def with_fewer(self, item_id: str, quantity: int) -> "Inventory":
        """At least ``quantity`` must be owned."""
        owned = self.quantities()
        owned[item_id] -= quantity
        return _inventory(owned)


def _inventory(owned: Counter[str]) -> Inventory:
    there = ((name, many) for name, many in owned.items() if many)
    return Inventory(tuple(InventoryEntry(item_id=name, quantity=many) for name, many in there))


INVENTORY = StatePart("inventory", Inventory)
