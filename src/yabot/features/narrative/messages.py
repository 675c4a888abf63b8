"""Finds which fragment a message shows, for reactions and for keyboards that must go.

The log deletes its rows of messages after a time; ``shown_pages`` keeps what they showed.
"""

from sqlalchemy import Connection, bindparam, select, union_all

from yabot.bot.tables import shown_pages
from yabot.log.tables import outgoing
from yabot.storage.relational.database import Database

_all = union_all(
    select(outgoing.c.chat_id, outgoing.c.message_id, outgoing.c.content_id).where(
        outgoing.c.chat_id == bindparam("chat"), outgoing.c.content_id.is_not(None)
    ),
    select(shown_pages).where(shown_pages.c.chat_id == bindparam("chat")),
).subquery()
_in_message = select(_all.c.content_id).where(_all.c.message_id == bindparam("message")).limit(1)
_of_page = select(_all.c.content_id).where(_all.c.content_id == bindparam("content")).limit(1)
# The newest message that shows a fragment; LIMIT, because a reader may have had thousands.
_newest = [
    select(table.c.message_id)
    .where(
        table.c.chat_id == bindparam("chat"),
        table.c.message_id.is_not(None),
        table.c.content_id.is_not(None),
    )
    .order_by(table.c.message_id.desc())
    .limit(1)
    for table in (outgoing, shown_pages)
]


async def content_of(database: Database, chat_id: int, message_id: int) -> str | None:
    """The fragment that the message shows; calls that edited the message show none."""
    values = {"chat": chat_id, "message": message_id}
    return await database.read(lambda connection: connection.execute(_in_message, values).scalar())


async def has_shown(database: Database, chat_id: int, content_id: str) -> bool:
    """Whether a message has shown the fragment in the chat, or is about to."""
    values = {"chat": chat_id, "content": content_id}
    found = await database.read(lambda connection: connection.execute(_of_page, values).scalar())
    return found is not None


async def newest_scene(database: Database, chat_id: int) -> int | None:
    """The message id of the fragment shown last."""

    def read(connection: Connection) -> int | None:
        found = (connection.execute(each, {"chat": chat_id}).scalar() for each in _newest)
        return max((each for each in found if each is not None), default=None)

    return await database.read(read)
