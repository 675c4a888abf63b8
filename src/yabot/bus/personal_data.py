"""What the bus keeps of a user, when they ask for their data."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, select

from yabot.bus.inbound import posted
from yabot.bus.tables import dead_letters
from yabot.log.personal_data import SHOWN, PersonalData, newest
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database, Statement

_letters = (
    select(dead_letters.c.envelope)
    .where(dead_letters.c.user_id == bindparam("user"))
    .order_by(dead_letters.c.id.desc())
)


def personal_data(database: Database, most: int = SHOWN) -> PersonalData:
    """Exports ``most`` failed events; they hold only ids, and stay until they are mended or expire.
    Posted events about a user that are not taken in yet are deleted with the user.
    """

    async def export(user_id: str) -> dict[str, Any]:
        return await database.read(_kept(user_id, most))

    return PersonalData(export, _erase, stays=(dead_letters,))


def _erase(work: UnitOfWork, user_id: str) -> None:
    work.add(posted.erase(user_id))


def _kept(user_id: str, most: int) -> Statement[dict[str, Any]]:
    """Read in one snapshot: a posted event may become a dead letter at any moment."""

    def read(connection: Connection) -> dict[str, Any]:
        waiting = posted.waiting_of(user_id)(connection)
        found, older = newest(connection, _letters, user_id, most)
        letters = [json.loads(text) for (text,) in found]
        return {
            "failed_events": letters,
            "older_failed_events": older,
            "posted_events": waiting,
        }

    return read
