"""Who has signed how often, and the event that tells of it."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, delete, select

from tests.architecture.toy.tables import signatures
from yabot.events.envelope import EventPayload
from yabot.log.unit_of_work import UnitOfWork, guard
from yabot.storage.documents.model import Collection
from yabot.storage.relational.database import Database


class BookSigned(EventPayload):
    event_type: ClassVar[str] = "toy_book_signed"

    times: int


EVENTS = (BookSigned,)


class Card(BaseModel):
    """One document of the toy's own collection."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)

    card_id: str = Field(alias="_id")
    wish: dict[str, str]


CARDS = Collection("toy_cards", Card)


class GuestBook:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def times(self, user_id: str) -> int:
        query = select(signatures.c.times).where(signatures.c.user_id == user_id)
        found = await self._database.read(lambda connection: connection.execute(query).scalar())
        return found or 0

    def sign(self, work: UnitOfWork, user_id: str, before: int) -> None:
        """``before`` is what ``times`` has told: the commit makes sure that it still holds."""

        def change(connection: Connection) -> None:
            gone = delete(signatures).where(
                signatures.c.user_id == user_id, signatures.c.times == before
            )
            guard(connection.execute(gone).rowcount == min(before, 1), "the guest book")
            row = {"user_id": user_id, "times": before + 1}
            connection.execute(signatures.insert(), row)

        work.add(change)
        work.publish(BookSigned(times=before + 1), user_id)

    async def export(self, user_id: str) -> dict[str, Any]:
        return {"guest_book": {"times": await self.times(user_id)}}

    def erase(self, work: UnitOfWork, user_id: str) -> None:
        statement = delete(signatures).where(signatures.c.user_id == user_id)

        def remove(connection: Connection) -> None:
            connection.execute(statement)

        work.add(remove)
