"""The services that sell, over the test's database and with a clock that the test sets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TypeVar

from aiogram.types import User as TelegramUser

from tests.features.users.storage.world import World, new_world
from yabot.clock import utc_now
from yabot.features.subscriptions.payments import PaymentService, Refunded, Settled
from yabot.features.subscriptions.plans import PLANS, Charge, invoice_payload
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.subscriptions.terms import Term
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

T = TypeVar("T")
DAY = timedelta(days=1)


@dataclass
class Clock:
    now: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.now


class Till:
    def __init__(self, world: World) -> None:
        self.world = world
        self.database = world.services.database
        self.clock = Clock()
        self.subscriptions = SubscriptionService(self.database, self.clock)
        self.payments = PaymentService(self.database, world.users, self.subscriptions, self.clock)
        self._causes = count()

    async def join(self, user_id: str = "7") -> None:
        person = TelegramUser(id=int(user_id), is_bot=False, first_name="Ana", language_code="es")
        await self.world.register(f"join {next(self._causes)}", person)

    async def pay(self, charge: Charge) -> Settled:
        return await self.commit(lambda work: self.payments.settle(work, charge))

    async def give_back(self, charge: Charge) -> Refunded:
        return await self.commit(lambda work: self.payments.note_refund(work, charge))

    async def cancel(self, user_id: str = "7") -> Term | None:
        return await self.commit(lambda work: self.subscriptions.cancel(work, user_id))

    async def expire(self, user_id: str = "7") -> Term | None:
        return await self.commit(lambda work: self.subscriptions.expire(work, user_id))

    async def commit(self, decide: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """What the decision that was committed has answered."""
        cause_id = f"cause {next(self._causes)} {id(self)}"
        cause = Cause("test", cause_id, cause_id)
        return (await self.world.services.commits.decide(cause, decide)).answer


def charge(number: int, plan: str = "vip", user_id: str = "7", stars: int | None = None) -> Charge:
    sold = PLANS[plan]
    payload = invoice_payload(sold, user_id)
    return Charge(user_id, payload, stars or sold.stars, charge_id=f"stx{number}")


@asynccontextmanager
async def opened_till(database: Database) -> AsyncIterator[Till]:
    """MongoDB is away: selling needs none."""
    store = DocumentStore("mongodb://127.0.0.1:1/", "test", max_pool_size=1, timeout_ms=50)
    try:
        yield Till(new_world(database, store))
    finally:
        await store.close()
