"""What a shop is, in memory: nothing but rules."""

from collections import Counter
from dataclasses import dataclass, field

from yabot.features.shop.order import Order

UNIQUE = {"pencil"}


@dataclass
class Customer:
    balance: int = 0
    owned: Counter[str] = field(default_factory=Counter)


@dataclass
class Shop:
    prices: dict[str, int | None]
    customers: dict[str, Customer] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)
    taken: int = 0
    # Of each reader, also those who have left: what they were told they have bought.
    acquired: dict[str, list[str]] = field(default_factory=dict)

    def press(self, reader: str, order: Order) -> str:
        """What the press must lead to."""
        if order.key(reader) in self.paid:
            return "repeated"
        price, customer = self.prices.get(order.item_id), self.customers[reader]
        if price is None:
            return "outdated"
        if order.item_id in UNIQUE and customer.owned[order.item_id]:
            return "already_owned"
        if customer.balance < price:
            return "insufficient"
        if price != order.price:
            return "price_changed"
        self._sell(reader, order)
        return "bought"

    def _sell(self, reader: str, order: Order) -> None:
        self.paid.add(order.key(reader))
        self.taken += order.price
        self.customers[reader].balance -= order.price
        self.customers[reader].owned[order.item_id] += 1
        self.acquired.setdefault(reader, []).append(order.item_id)
