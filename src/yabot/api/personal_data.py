"""What the API keeps of a user: the answers that other services got about them."""

from typing import Any

from sqlalchemy import Connection, bindparam, select

from yabot.api.answering import answers
from yabot.api.tables import api_answers
from yabot.clock import rfc3339
from yabot.log.personal_data import SHOWN, PersonalData, Privacy, newest
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database, Statement

_answers = (
    select(
        api_answers.c.service, api_answers.c.status, api_answers.c.body, api_answers.c.created_at
    )
    .where(api_answers.c.user_id == bindparam("user"))
    .order_by(api_answers.c.created_at.desc())
)


def personal_data(database: Database, most: int = SHOWN) -> PersonalData:
    """Export shows ``most`` answers. Erasing keeps the row of an answer, so that a repeat takes no
    effect, but deletes its body.
    """

    async def export(user_id: str) -> dict[str, Any]:
        return await database.read(_of(user_id, most))

    return PersonalData(
        export,
        _erase,
        privacy=Privacy("api-keeps", "api-lasts", "api-forget"),
        stays=(api_answers,),
    )


def _erase(work: UnitOfWork, user_id: str) -> None:
    work.add(answers.blank(user_id))


def _of(user_id: str, most: int) -> Statement[dict[str, Any]]:
    def read(connection: Connection) -> dict[str, Any]:
        found, older = newest(connection, _answers, user_id, most)
        told = [
            {
                "service": service,
                "status": status,
                "body": body,
                "created_at": rfc3339(created_at),
            }
            for service, status, body, created_at in found
        ]
        return {"service_answers": told, "older_service_answers": older}

    return read
