"""The ledger as the program has it, one commit for each call, and what it holds."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiogram.types import User as TelegramUser
from sqlalchemy import func, select
from uuid_utils import uuid7

from tests.features.users.storage.world import World
from tests.storage.dumps import events_of
from yabot.features.besitos.service import Award, BesitosService, Spending, Transfer
from yabot.features.besitos.tables import postings
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database

T = TypeVar("T")


@dataclass(frozen=True)
class Ledger:
    world: World

    @property
    def besitos(self) -> BesitosService:
        return self.world.services[BesitosService]

    @property
    def database(self) -> Database:
        return self.world.services.database

    async def join(self, *user_ids: str) -> None:
        for user_id in user_ids:
            await self.world.register(f"join {uuid7()}", reader(user_id))

    async def leave(self, user_id: str) -> None:
        await self.world.delete(f"leave {uuid7()}", user_id)

    async def commit(self, decide: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """What the decision that was committed has answered."""
        answers: list[T] = []

        async def decision(work: UnitOfWork) -> None:
            answers.append(await decide(work))

        await self.world.decide(f"cause {uuid7()}", decision)
        return answers[-1]

    async def award(
        self,
        user_id: str,
        amount: int,
        key: str = "",
        *,
        reason: str = "reaction",
        source: str = "rewards",
    ) -> Award:
        key = key or f"key {uuid7()}"
        return await self.commit(
            lambda work: self.besitos.award(
                work, user_id, amount, reason=reason, source=source, key=key
            )
        )

    async def spend(self, user_id: str, amount: int, key: str = "") -> Spending:
        key = key or f"key {uuid7()}"
        return await self.commit(
            lambda work: self.besitos.spend(
                work, user_id, amount, reason="purchase", source="shop", key=key
            )
        )

    async def transfer(self, sender: str, recipient: str, amount: int, key: str = "") -> Transfer:
        key = key or f"key {uuid7()}"
        return await self.commit(
            lambda work: self.besitos.transfer(work, sender, recipient, amount, key=key)
        )

    async def moved(self, user_id: str) -> list[tuple[str, int, int]]:
        """Of each event about the reader's besitos: type, amount, balance after it."""
        envelopes = [json.loads(row["envelope"]) for row in await events_of(self.database, user_id)]
        return [
            (each["event_type"], each["payload"]["amount"], each["payload"]["balance_after"])
            for each in envelopes
            if each["event_type"].startswith("besitos_")
        ]

    async def sums(self) -> dict[str, int]:
        return await sums_of(self.database)


async def sums_of(database: Database) -> dict[str, int]:
    """What each account's postings sum to."""
    query = select(postings.c.account_id, func.sum(postings.c.amount)).group_by(
        postings.c.account_id
    )
    rows: list[Any] = await database.read(lambda connection: list(connection.execute(query).all()))
    return {account: int(total) for account, total in rows}


def reader(user_id: str) -> TelegramUser:
    return TelegramUser(id=int(user_id), is_bot=False, first_name="Ana", username=f"ana_{user_id}")
