"""A reader at the counter of a real program, and what the stores hold of what they bought."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pymongo.collection import Collection

from tests.e2e.invariants import settle
from tests.e2e.reader import Reader, buttons
from tests.e2e.route import STORY
from tests.e2e.stores import Stores
from tests.features.besitos.beside import beside, grant
from tests.waiting import wait_until
from yabot.features.besitos.audit import audit_ledger
from yabot.playground.client import PlaygroundClient

Json = dict[str, Any]


@dataclass(frozen=True)
class Customer:
    stores: Stores
    reader: Reader

    @classmethod
    async def new(
        cls, stores: Stores, client: PlaygroundClient, besitos: int, language: str = "es"
    ) -> "Customer":
        customer = cls(stores, await Reader.new(client, "Lucía", language))
        await customer.reader.ask("/start")
        await grant(stores, customer.reader.user_id, besitos)
        await customer.has_heard_of_hints(besitos)
        return customer

    async def has_heard_of_hints(self, earned: int) -> None:
        """Until then, what the bot says may be that, and not an answer."""
        titles = [hint.title[self.reader.language] for hint in STORY.hints_within(earned)]
        await self.reader.until(
            lambda chat: all(any(title in each["text"] for each in chat) for title in titles)
        )

    async def wants(self, item_id: str) -> str:
        """The data of the button that says yes."""
        await self.reader.ask("/shop")
        (question,) = await self.reader.press(f"shop:{item_id}")
        yes, no = buttons(question)
        assert no == "buy:no"
        return yes

    async def buys(self, item_id: str) -> Json:
        (said,) = await self.reader.press(await self.wants(item_id))
        return said

    async def presses(self, data: str, times: int = 1) -> list[tuple[str, str | None]]:
        """At once, and also a button that is gone by now: how each of them has ended."""
        before, message_id = len(self.outcomes()), await self.reader.find(data)
        client, user_id = self.reader.client, self.reader.user_id
        await asyncio.gather(*(client.press(user_id, message_id, data) for _ in range(times)))
        wait_until(lambda: len(self.outcomes()) == before + times)
        return self.outcomes()[before:]

    def balance(self) -> int:
        query = "SELECT balance FROM accounts WHERE user_id = ?"
        return int(self.stores.value(query, str(self.reader.user_id)))

    async def ledger_is_sound(self) -> bool:
        async with beside(self.stores) as ledger:
            return await audit_ledger(ledger.database) == []

    def inventory(self) -> dict[str, int]:
        """As MongoDB holds it, once everything has settled."""
        settle(self.stores)
        document = self.stores.document(self.reader.user_id)
        assert document is not None
        return {entry["item_id"]: entry["quantity"] for entry in document["inventory"]}

    def payments(self) -> list[str]:
        query = "SELECT id FROM transactions WHERE id LIKE ? ORDER BY id"
        found = self.stores.rows(query, f"purchase:{self.reader.user_id}:%")
        return [row["id"] for row in found]

    def told(self, *kinds: str) -> list[Json]:
        """The payloads of the events of these types about the reader, in order."""
        found = self.stores.outbox(self.reader.user_id)
        return [event["payload"] for event in found if event["event_type"] in kinds]

    def outcomes(self) -> list[tuple[str, str | None]]:
        """How each of the reader's operations ended."""
        ended = self.told("operation_completed")
        return [(each["outcome"], each.get("error_code")) for each in ended]

    def toasts(self) -> list[str]:
        """What has shown for a moment after a press."""
        query = "SELECT payload FROM outgoing WHERE chat_id = ? AND method = 'answerCallbackQuery'"
        payloads = [
            json.loads(row["payload"]) for row in self.stores.rows(query, self.reader.user_id)
        ]
        return [payload["text"] for payload in payloads if payload.get("text")]


@contextmanager
def changed(stores: Stores, item_id: str, price: int | None) -> Iterator[None]:
    """While the item costs something else, or is not for sale, as after an import."""
    with _restoring(stores, item_id) as items:
        items.update_one({"_id": item_id}, {"$set": {"metadata.price": price}})
        yield


@contextmanager
def without(stores: Stores, item_id: str) -> Iterator[None]:
    """While there is no such item."""
    with _restoring(stores, item_id) as items:
        items.delete_one({"_id": item_id})
        yield


@contextmanager
def _restoring(stores: Stores, item_id: str) -> Iterator[Collection[Json]]:
    items = stores.mongodb["items"]
    before = items.find_one({"_id": item_id})
    assert before is not None
    try:
        yield items
    finally:
        items.replace_one({"_id": item_id}, before, upsert=True)
