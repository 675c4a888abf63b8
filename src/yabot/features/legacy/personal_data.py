"""What is kept of the old bot's users beside their documents."""

import json
from typing import Any

from sqlalchemy import Connection, select

from yabot.clock import rfc3339
from yabot.features.legacy import repository, waiting
from yabot.features.legacy.tables import legacy_users, legacy_waiting
from yabot.log.personal_data import PersonalData, Privacy
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database


def personal_data(database: Database, *, has_old_store: bool = False) -> PersonalData:
    async def export(user_id: str) -> dict[str, Any]:
        query = select(legacy_users).where(legacy_users.c.user_id == user_id)

        def read(connection: Connection) -> dict[str, Any]:
            row = connection.execute(query).mappings().first()
            return {} if row is None else {"legacy": _readable(dict(row))}

        return await database.read(read)

    def erase(work: UnitOfWork, user_id: str) -> None:
        work.add(repository.erase(user_id))
        # The mirror will soon remove their entry in the old store, too, and all copies of it.
        work.add(waiting.note_removal(user_id, always=has_old_store))

    return PersonalData(
        export,
        erase,
        privacy=Privacy("legacy-keeps", forget="legacy-forget"),
        unshown=(legacy_waiting,),
        stays=(legacy_waiting,),
    )


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: row[name] and json.loads(row[name]) for name in ("base", "formers", "writing")}
    return row | told | {"imported_at": rfc3339(row["imported_at"])}
