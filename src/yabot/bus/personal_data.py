"""What the bus keeps of a user, when they ask for their data."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, select

from yabot.bus.inbound import posted
from yabot.bus.tables import dead_letters
from yabot.log.personal_data import PersonalData
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database, Statement

_letters = (
    select(dead_letters.c.envelope)
    .where(dead_letters.c.user_id == bindparam("user"))
    .order_by(dead_letters.c.id)
)


def personal_data(database: Database) -> PersonalData:
    """Events hold nothing but ids: they stay until they are mended or their time is over. What was
    posted about a user and nobody has taken in yet goes with them.
    """

    async def export(user_id: str) -> dict[str, Any]:
        return {
            "failed_events": await database.read(_failed(user_id)),
            "posted_events": await database.read(posted.waiting_of(user_id)),
        }

    return PersonalData(export, _erase, stays=(dead_letters,))


def _erase(work: UnitOfWork, user_id: str) -> None:
    work.add(posted.erase(user_id))


def _failed(user_id: str) -> Statement[list[Any]]:
    def read(connection: Connection) -> list[Any]:
        return [
            json.loads(text) for text in connection.execute(_letters, {"user": user_id}).scalars()
        ]

    return read
