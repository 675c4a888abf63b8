"""What a reader owns, as their state holds it."""

from collections import Counter

from yabot.features.users.model import InventoryEntry, UserState


def quantities(state: UserState) -> Counter[str]:
    """How many of each item, by its id."""
    owned: Counter[str] = Counter()
    for entry in state.inventory:
        owned[entry.item_id] += entry.quantity
    return owned


def with_more(state: UserState, item_id: str, quantity: int) -> UserState:
    owned = quantities(state)
    owned[item_id] += quantity
    inventory = tuple(InventoryEntry(item_id=name, quantity=many) for name, many in owned.items())
    return state.model_copy(update={"inventory": inventory})
