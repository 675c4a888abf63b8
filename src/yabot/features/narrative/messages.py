"""Finds which fragment a message shows, for reactions and for keyboards that must go."""

from sqlalchemy import select

from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import outgoing


async def content_of(database: Database, chat_id: int, message_id: int) -> str | None:
    """The fragment that the message shows; calls that edited the message show none."""
    query = select(outgoing.c.content_id).where(
        outgoing.c.chat_id == chat_id,
        outgoing.c.message_id == message_id,
        outgoing.c.content_id.is_not(None),
    )
    return await database.read(lambda connection: connection.execute(query).scalar())


async def newest_scene(database: Database, chat_id: int) -> int | None:
    """The message id of the fragment shown last."""
    query = (
        select(outgoing.c.message_id)
        .where(
            outgoing.c.chat_id == chat_id,
            outgoing.c.message_id.is_not(None),
            outgoing.c.content_id.is_not(None),
        )
        .order_by(outgoing.c.message_id.desc())
        .limit(1)
    )
    return await database.read(lambda connection: connection.execute(query).scalar())
