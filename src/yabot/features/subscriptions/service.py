"""What a user's subscription allows. Selling and ending subscriptions comes with payments."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from yabot.clock import utc_now
from yabot.features.subscriptions.tables import subscriptions
from yabot.storage.relational.database import Database
from yabot.storage.relational.unit_of_work import UnitOfWork, guard


@dataclass(frozen=True, slots=True)
class Subscription:
    plan_type: str
    status: str
    start_date: datetime | None
    end_date: datetime | None


FREE = Subscription("free", "active", None, None)


class SubscriptionService:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self, user_id: str) -> Subscription:
        """The newest subscription of a known user; without one, the free plan."""
        query = (
            select(*(subscriptions.c[name] for name in Subscription.__slots__))
            .where(subscriptions.c.user_id == user_id)
            .order_by(subscriptions.c.id.desc())
            .limit(1)
        )
        row = await self._database.read(lambda connection: connection.execute(query).first())
        return FREE if row is None else Subscription(*row)

    async def opens_vip(self, user_id: str) -> bool:
        """Whether the VIP door is open now; ``guard_vip`` asks again as the commit sees it."""
        return await self._database.read(lambda connection: _opens(connection, user_id))

    def guard_vip(self, work: UnitOfWork, user_id: str) -> None:
        """Let the unit fail its guard when access has ended by the time of its commit."""

        def check(connection: Connection) -> None:
            guard(_opens(connection, user_id), f"the subscription of user {user_id}")

        work.run(check)

    async def export(self, user_id: str) -> dict[str, Any]:
        query = select(subscriptions).where(subscriptions.c.user_id == user_id)
        rows = await self._database.read(
            lambda connection: connection.execute(query).mappings().all()
        )
        return {"subscriptions": [{name: _plain(row[name]) for name in row} for row in rows]}

    def erase(self, work: UnitOfWork, user_id: str) -> None:
        work.run(_erase(user_id))


def _opens(connection: Connection, user_id: str) -> bool:
    return connection.execute(_access(user_id)).first() is not None


def _access(user_id: str) -> Select[int]:
    return select(subscriptions.c.id).where(
        subscriptions.c.user_id == user_id,
        subscriptions.c.plan_type.in_(("premium", "vip")),
        subscriptions.c.status.in_(("active", "cancelled")),
        subscriptions.c.end_date > utc_now(),
    )


def _erase(user_id: str) -> Callable[[Connection], None]:
    statement = delete(subscriptions).where(subscriptions.c.user_id == user_id)

    def remove(connection: Connection) -> None:
        connection.execute(statement)

    return remove


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
