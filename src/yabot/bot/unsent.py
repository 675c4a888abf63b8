"""Reads waiting messages from SQL, in portions, so that no backlog fills the memory."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, func, select

from yabot.bot.methods import ALONE
from yabot.log.assignment import Assignment
from yabot.log.tables import outgoing
from yabot.log.unit_of_work import Message, id_in
from yabot.runtime.portions import portions
from yabot.storage.relational.database import Database

# So many messages are read in one statement.
READ_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Due:
    """A message that waits; ``row_id`` is its place in the order of the commits."""

    row_id: int
    message: Message
    correlation_id: str
    committed_at: datetime
    # Weighted count of server errors that Telegram has answered it with so far.
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Portion:
    """The first waiting messages, in the order of their commits.

    For ``chats_with_more`` further messages wait; if ``is_all`` is false, that may be so for any
    chat.
    """

    due: Sequence[Due]
    chats_with_more: frozenset[int]
    is_all: bool
    # Of the rows asked about, those that still wait.
    still_waiting: frozenset[int]


class Unsent:
    """Only reads; ``Marks`` and ``FailedMessages`` write what becomes of a message."""

    def __init__(self, database: Database, assignment: Assignment, per_chat: int) -> None:
        """A portion has at most ``per_chat`` messages of a chat, not counting those of ``ALONE``
        methods.
        """
        self._database = database
        self._assignment = assignment
        self._per_chat = per_chat

    async def first(self, most: int, partitions: Collection[int], taken: frozenset[int]) -> Portion:
        """At most ``most`` of the messages that wait in ``partitions``, without those ``taken``.

        Raises StoreUnavailable.
        """
        # Otherwise a row that is sent but not marked yet would take another row's place.
        await self._database.flush()

        def read(connection: Connection) -> Portion:
            ids, with_more, is_all = self._look(connection, most, partitions, taken)
            due, still = _rows(connection, ids), _still_waiting(connection, taken)
            return Portion(due, frozenset(with_more), is_all, frozenset(still))

        return await self._database.read(read)

    async def are_more_than(self, number: int, chat_id: int) -> bool:
        """Whether more than ``number`` messages wait for the chat, without those of ``ALONE``.

        Raises StoreUnavailable.
        """
        of_chat = (outgoing.c.chat_id == chat_id) & (outgoing.c.state == "waiting")
        some = select(outgoing.c.id).where(of_chat, outgoing.c.method.not_in(ALONE))

        def count(connection: Connection) -> int:
            return len(connection.execute(some.limit(number + 1)).all())

        return await self._database.read(count) > number

    def _look(
        self, connection: Connection, most: int, partitions: Collection[int], taken: Collection[int]
    ) -> tuple[list[int], set[int], bool]:
        ids: list[int] = []
        with_more: set[int] = set()
        for row_id, chat_id, place in connection.execute(_placed, {"most_places": self._per_chat}):
            if self._assignment.partition_of(str(chat_id)) not in partitions:
                continue
            if place > self._per_chat:
                with_more.add(chat_id)
            elif row_id not in taken:
                if len(ids) == most:
                    return ids, with_more, False
                ids.append(row_id)
        return ids, with_more, True


_lane = case((outgoing.c.method.in_(ALONE), outgoing.c.id), else_=0)
_place = func.row_number().over(partition_by=(outgoing.c.chat_id, _lane), order_by=outgoing.c.id)
_waiting = (
    select(outgoing.c.id, outgoing.c.chat_id, _place.label("place"))
    .where(outgoing.c.state == "waiting")
    .subquery()
)
# One row more of each chat than is taken shows whether there are more.
_placed = (
    select(_waiting.c.id, _waiting.c.chat_id, _waiting.c.place)
    .where(_waiting.c.place <= bindparam("most_places") + 1)
    .order_by(_waiting.c.id)
)
_in_order = select(outgoing).order_by(outgoing.c.id)
_still = select(outgoing.c.id).where(outgoing.c.state == "waiting")


def _rows(connection: Connection, ids: Sequence[int]) -> list[Due]:
    return [
        Due(
            row.id,
            Message(row.chat_id, row.method, row.payload, row.content_id),
            id_in(row.cause_id),
            row.created_at,
            row.errors or 0,
        )
        for part in portions(ids, READ_AT_ONCE)
        for row in connection.execute(_in_order.where(outgoing.c.id.in_(part)))
    ]


def _still_waiting(connection: Connection, ids: Iterable[int]) -> set[int]:
    return {
        row_id
        for part in portions(list(ids), READ_AT_ONCE)
        for row_id in connection.execute(_still.where(outgoing.c.id.in_(part))).scalars()
    }
