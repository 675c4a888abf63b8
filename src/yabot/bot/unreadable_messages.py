"""Messages that another version has committed and this one cannot read: kept for one that can."""

from collections.abc import Callable, Collection

from sqlalchemy import Connection, bindparam, select, update

from yabot.bot.outgoing import MessageUnreadable, to_method
from yabot.log.tables import outgoing
from yabot.log.unit_of_work import Message
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Database

log = get_logger(__name__)

READ_AT_ONCE = 200
_BEFORE_ALL = 0

_kept = (
    select(outgoing)
    .where(outgoing.c.state == "unreadable", outgoing.c.id > bindparam("last"))
    .order_by(outgoing.c.id)
    .limit(READ_AT_ONCE)
)
_let_wait = (
    update(outgoing)
    .where(outgoing.c.state == "unreadable", outgoing.c.id.in_(bindparam("rows", expanding=True)))
    .values(state="waiting")
)
_Row = tuple[int, Message]


class UnreadableMessages:
    """Rows of ``outgoing`` in the state ``unreadable``, whichever version has put them there."""

    def __init__(self, database: Database, partition_of: Callable[[str], int]) -> None:
        """``partition_of`` a chat, by its id."""
        self._database = database
        self._partition_of = partition_of

    async def try_again(self, partitions: Collection[int]) -> None:
        """Of the chats in these, those that can be read by now wait as before.

        Raises StoreUnavailable.
        """
        understood, left, last = 0, 0, _BEFORE_ALL
        while rows := await self._after(last):
            ours = [row for row in rows if self._is_in(partitions, row)]
            readable = [row_id for row_id, message in ours if _is_readable(message)]
            if readable:
                await self._let_wait(readable)
            understood, left = understood + len(readable), left + len(ours) - len(readable)
            last = rows[-1][0]
        if understood or left:
            log.warning("messages.unreadable", understood=understood, left=left)

    async def _after(self, last: int) -> list[_Row]:
        def read(connection: Connection) -> list[_Row]:
            return [
                (row.id, Message(row.chat_id, row.method, row.payload, row.content_id))
                for row in connection.execute(_kept, {"last": last})
            ]

        return await self._database.read(read)

    async def _let_wait(self, row_ids: list[int]) -> None:
        def change(connection: Connection) -> None:
            connection.execute(_let_wait, {"rows": row_ids})

        await self._database.write(change)

    def _is_in(self, partitions: Collection[int], row: _Row) -> bool:
        return self._partition_of(str(row[1].chat_id)) in partitions


def _is_readable(message: Message) -> bool:
    try:
        to_method(message)
    except MessageUnreadable:
        return False
    return True
