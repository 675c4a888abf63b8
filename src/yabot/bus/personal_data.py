"""What the bus keeps of a user, when they ask for their data."""

import json
from typing import Any

from sqlalchemy import Connection, bindparam, select

from yabot.bus.tables import dead_letters
from yabot.storage.relational.database import Database

_letters = (
    select(dead_letters.c.envelope)
    .where(dead_letters.c.user_id == bindparam("user"))
    .order_by(dead_letters.c.id)
)


async def export(database: Database, user_id: str) -> dict[str, Any]:
    """Ready for JSON. Raises StoreUnavailable."""

    def read(connection: Connection) -> list[Any]:
        return [
            json.loads(text) for text in connection.execute(_letters, {"user": user_id}).scalars()
        ]

    return {"failed_events": await database.read(read)}
