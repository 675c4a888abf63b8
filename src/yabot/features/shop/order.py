from dataclasses import dataclass

from yabot.canonical import STORY_ID

PATTERN = f"buy:{STORY_ID}:[1-9][0-9]{{0,6}}:[0-9]{{1,12}}"


@dataclass(frozen=True, slots=True)
class Order:
    """What the confirming button carries: an item at the price that the reader was told.

    ``nonce`` is the id of the update that asked: a button that is pressed twice, or under a
    question that was sent twice, is the same purchase.
    """

    item_id: str
    price: int
    nonce: int

    @property
    def data(self) -> str:
        return f"buy:{self.item_id}:{self.price}:{self.nonce}"

    @classmethod
    def of(cls, data: str) -> "Order":
        _, item_id, price, nonce = data.split(":")
        return cls(item_id, int(price), int(nonce))

    def key(self, user_id: str) -> str:
        """The payment's key in the ledger."""
        return f"purchase:{user_id}:{self.nonce}"
