"""Finds which fragment a message shows, for reactions and for keyboards that must go."""

from sqlalchemy import bindparam, select

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


_shown = (
    select(outgoing.c.id)
    .where(outgoing.c.chat_id == bindparam("chat"), outgoing.c.content_id == bindparam("content"))
    .limit(1)
)


async def has_shown(database: Database, chat_id: int, content_id: str) -> bool:
    """Whether the log knows of a message that shows the fragment, also one on its way."""
    values = {"chat": chat_id, "content": content_id}
    found = await database.read(lambda connection: connection.execute(_shown, values).scalar())
    return found is not None


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
