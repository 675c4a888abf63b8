"""Messages that another version has committed and this one cannot read: kept for one that can."""

from collections.abc import Callable, Collection, Sequence
from functools import partial

from sqlalchemy import Connection, bindparam, select, update

from yabot.bot.outgoing import MessageUnreadable, to_method
from yabot.bot.unreadable import AT_ONCE, Tried, try_again
from yabot.log.tables import outgoing
from yabot.log.unit_of_work import Message
from yabot.storage.relational.database import Database

_kept = (
    select(outgoing)
    .where(outgoing.c.state == "unreadable", outgoing.c.id > bindparam("last"))
    .order_by(outgoing.c.id)
    .limit(AT_ONCE)
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
        """``partition_of`` gives a chat's partition by its id."""
        self._database = database
        self._partition_of = partition_of

    async def try_again(self, partitions: Collection[int]) -> None:
        """Messages to chats in ``partitions`` that can be read now wait again.

        Raises StoreUnavailable.
        """
        await try_again("messages", self._after, partial(self._restore, partitions))

    async def _after(self, last: int) -> list[_Row]:
        def read(connection: Connection) -> list[_Row]:
            return [
                (row.id, Message(row.chat_id, row.method, row.payload, row.content_id))
                for row in connection.execute(_kept, {"last": last})
            ]

        return await self._database.read(read)

    async def _restore(self, partitions: Collection[int], rows: Sequence[_Row]) -> Tried:
        ours = [row for row in rows if self._partition_of(str(row[1].chat_id)) in partitions]
        readable = [row_id for row_id, message in ours if _is_readable(message)]

        def change(connection: Connection) -> None:
            connection.execute(_let_wait, {"rows": readable})

        if readable:
            await self._database.write(change)
        return Tried(len(readable), len(ours) - len(readable))


def _is_readable(message: Message) -> bool:
    try:
        to_method(message)
    except MessageUnreadable:
        return False
    return True
