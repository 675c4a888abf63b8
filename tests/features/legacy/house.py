"""The new stores, and users of the old bot coming into them: without a bot, over real engines."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import update

from tests.features.users.storage.world import World, new_world
from tests.log.units import State
from tests.storage.dumps import events_of, rows_of
from yabot.app.assembly import build_texts
from yabot.app.features import FEATURES
from yabot.bot.localization import Texts
from yabot.clock import utc_now
from yabot.coordinator.tables import workflows
from yabot.feature import Services
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.service import BesitosService
from yabot.features.besitos.tables import accounts
from yabot.features.items.service import ItemService
from yabot.features.legacy.merging.merger import Merged, Merger
from yabot.features.legacy.record import OldUser, Record
from yabot.features.legacy.state import LEGACY, Kept
from yabot.features.legacy.tables import legacy_users
from yabot.features.narrative.state import PROGRESS, NarrativeProgress
from yabot.features.subscriptions.service import SubscriptionService
from yabot.features.users.audit import audit_users
from yabot.log.commit_log import Decision
from yabot.log.document_follower import DocumentFollower
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, Statement

ANA, BEA = "7", "8"
LONG_AGO = datetime(2023, 4, 1, 12, tzinfo=UTC)
NEXT_YEARS = datetime(2031, 5, 2, 10, tzinfo=UTC)
_numbers = count(1)


def old_user(user_id: str = ANA, **values: Any) -> OldUser:
    return OldUser(user_id=user_id, **values)


@cache
def texts() -> Texts:
    return build_texts(FEATURES)


@dataclass(frozen=True)
class House:
    world: World
    merger: Merger

    @property
    def besitos(self) -> BesitosService:
        return self.world.services[BesitosService]

    @property
    def subscriptions(self) -> SubscriptionService:
        return self.world.services[SubscriptionService]

    async def decide(self, decision: Decision[object]) -> None:
        await self.world.decide(f"house {next(_numbers)}", decision)

    async def merge(self, *users: OldUser, marks: int = 0) -> list[Merged]:
        """All of them in one unit of work, as an import does it."""
        merged: list[Merged] = []

        async def decide(work: UnitOfWork) -> None:
            seen = await self.merger.look([user.user_id for user in users])
            merged[:] = [
                await self.merger.merge(work, seen[user.user_id], Record(user, mark=marks))
                for user in users
            ]

        await self.decide(decide)
        return merged

    async def ours(self, user_id: str = ANA) -> OldUser:
        """As it would be written back."""
        found = await self.merger.ours((await self.merger.look([user_id]))[user_id])
        assert found is not None
        return found

    async def balance(self, user_id: str = ANA) -> int:
        return await self.besitos.balance(user_id)

    async def total(self) -> int:
        """Of all readers."""
        rows = await rows_of(self.world.services.database, accounts)
        return sum(row["balance"] or 0 for row in rows)

    async def award(self, user_id: str, amount: int) -> None:
        async def give(work: UnitOfWork) -> None:
            await self.besitos.award(
                work, user_id, amount, reason="daily", source="daily", key=work.cause.id
            )

        await self.decide(give)

    async def spend(self, user_id: str, amount: int) -> None:
        async def take(work: UnitOfWork) -> None:
            spent = await self.besitos.spend(
                work, user_id, amount, reason="daily", source="shop", key=work.cause.id
            )
            assert spent == "spent"

        await self.decide(take)

    async def end_subscription(self, user_id: str) -> None:
        """As a refund of all that was paid."""

        async def refund(work: UnitOfWork) -> None:
            await self.subscriptions.take_back(work, user_id, 10**6, utc_now())

        await self.decide(refund)

    async def writes(self, user: OldUser, mark: int) -> None:
        """As the mirror notes it, before it writes that into the old store."""
        columns = legacy_users.c
        statement = (
            update(legacy_users)
            .where(columns.user_id == user.user_id, columns.mark == mark)
            .values(writing=user.model_dump_json())
        )
        await self.world.services.database.write(
            lambda connection: connection.execute(statement) and None
        )

    async def kept(self, user_id: str = ANA) -> Kept:
        return LEGACY.of(await self.world.users.state(await self.world.known(user_id)))

    async def progress(self, user_id: str = ANA) -> NarrativeProgress:
        return PROGRESS.of(await self.world.users.state(await self.world.known(user_id)))

    async def owned(self, user_id: str = ANA) -> dict[str, int]:
        user = await self.world.known(user_id)
        return {**await self.world.services[ItemService].owned(user)}

    async def told(self, user_id: str = ANA) -> list[str]:
        """The types of what was published of them."""
        rows = await events_of(self.world.services.database, user_id)
        return [row["event_type"] for row in rows]

    async def deadlines(self) -> list[datetime | None]:
        """Of the workflows that there are."""
        return [row["deadline"] for row in await rows_of(self.world.services.database, workflows)]

    async def audits(self) -> list[str]:
        """What `yabot audit ledger` and `stores` would say, when MongoDB has caught up."""
        await self.catch_up()
        services = self.world.services
        return [
            *await audit_ledger(services.database),
            *await audit_users(services.database, services.documents),
        ]

    async def catch_up(self) -> None:
        """MongoDB has it, and nobody remembers it."""
        services = self.world.services
        await DocumentFollower(services.database, services.documents, "users", State).catch_up()
        self.world.users.cache._states.clear()


def new_house(database: Database, documents: DocumentStore) -> House:
    services = new_world(database, documents).services
    services.texts = texts()
    return house_of(services)


def house_of(services: Services) -> House:
    return House(World(services), Merger(services))


class CountingReads:
    """A database that counts how often it is read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0

    async def read(self, query: Statement[Any]) -> Any:
        self.reads += 1
        return await self._database.read(query)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


async def lose_a_kiss(house: House, user_id: str) -> None:
    """As a fault of the import would: no event tells of it."""
    statement = (
        update(accounts).where(accounts.c.user_id == user_id).values(balance=accounts.c.balance + 1)
    )
    await house.world.services.database.write(lambda each: each.execute(statement) and None)
