"""Makes Telegram hear what SQL has committed; in order for each chat."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial

from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import Message as TelegramMessage
from sqlalchemy import Connection, bindparam, select, update
from structlog.contextvars import bound_contextvars

from yabot.bot.limits import SendLimits
from yabot.bot.outgoing import to_method
from yabot.bot.shares import Share, Shares
from yabot.bot.telegram import AWAY
from yabot.errors import OwnershipLost, TransientError
from yabot.observability.logging import get_logger
from yabot.observability.metrics import SENDS
from yabot.runtime.backoff import backoff
from yabot.runtime.lanes import Lanes
from yabot.runtime.loops import WakingLoop, set_within
from yabot.storage.relational.commit_log import Committed
from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import outgoing
from yabot.storage.relational.unit_of_work import Message

log = get_logger(__name__)

# Most of them wait for their chat's turn: they must not keep others from theirs.
IN_FLIGHT = 2000
# Seconds between two looks for what nobody has told of: where other processes commit messages too,
# most are found by looking.
LOOK_EVERY_ALONE = 30.0
LOOK_EVERY = 0.5
# So many messages are read in one statement.
READ_AT_ONCE = 500
# A token that was revoked may be given back; what was to be said is still to be said.
NOT_NOW = (*AWAY, TelegramUnauthorizedError)

# Told the chat in which Telegram forbids us to write: its reader has blocked the bot.
OnBlocked = Callable[[int], Awaitable[None]]
# A row's id, what to send, and the correlation id.
Due = tuple[int, Message, str]


class Sender:
    """A message is sent at least once: after a crash between sending and marking, once more.

    Each chat's by one process at a time.
    """

    def __init__(
        self,
        database: Database,
        bot: Bot,
        shares: Shares,
        limits: SendLimits | None,
        on_blocked: OnBlocked,
    ) -> None:
        """Without ``limits`` as fast as the server takes it: the playground has none."""
        self._database = database
        self._bot = bot
        self._shares = shares
        self._on_blocked = on_blocked
        self._limits = limits
        self.lanes: Lanes[int] = Lanes(IN_FLIGHT, _lane_failed)
        # Finds rows whose commit got lost on its way back, or was another process's.
        every = LOOK_EVERY_ALONE if shares.sole else LOOK_EVERY
        self.loop = WakingLoop("messages", self.resume, every)
        # Rows that are on their way, or sent so lately that their mark may not be written yet.
        self._taken: set[int] = set()

    def notice(self, committed: Committed) -> None:
        """Send what it says; ``resume`` may have found some of it a moment before."""
        cause_id = committed.cause.correlation_id
        self.take([(row_id, message, cause_id) for row_id, message in committed.messages])

    async def resume(self) -> None:
        """Send what is committed and neither sent nor on its way. Raises StoreUnavailable."""
        self.take(await self.find(self._shares.partitions))

    async def find(self, partitions: Collection[int]) -> list[Due]:
        """What waits in these partitions and is not on its way, in the order of its commits.

        Raises StoreUnavailable.
        """
        taken = frozenset(self._taken)

        def read(connection: Connection) -> tuple[set[int], list[Due]]:
            waiting = connection.execute(_waiting).all()
            ids = [
                row.id
                for row in waiting
                if self._shares.partition_of(str(row.chat_id)) in partitions
            ]
            return {row.id for row in waiting}, _rows(
                connection, [n for n in ids if n not in taken]
            )

        waiting, due = await self._database.read(read)
        self._taken -= taken - waiting
        return due

    def take(self, due: Sequence[Due]) -> None:
        for row_id, message, cause_id in due:
            if row_id not in self._taken:
                self._submit(row_id, message, cause_id)

    def _submit(self, row_id: int, message: Message, correlation_id: str) -> None:
        share = self._shares.of(str(message.chat_id))
        if share is None:
            return
        self._taken.add(row_id)

        async def deliver() -> None:
            with bound_contextvars(correlation_id=correlation_id):
                await self._deliver(row_id, message)

        self.lanes.submit(message.chat_id, share.counted(deliver))

    async def _deliver(self, row_id: int, message: Message) -> None:
        """Until Telegram has taken the message, or has refused it for good; or until it is another
        process's.

        In its place before what came later, also where the partition is ours anew by then; unless
        another process has sent it meanwhile, which ``find`` has seen before it became ours.
        """
        while row_id in self._taken:
            share = self._shares.of(str(message.chat_id))
            if share is None:
                self._taken.discard(row_id)
                return
            try:
                await share.counted(partial(self._settle, share, row_id, message))()
            except OwnershipLost:
                continue
            return

    async def _settle(self, share: Share, row_id: int, message: Message) -> None:
        """Raises OwnershipLost."""
        try:
            sent_id = await self._send_persistently(share, message)
        except TelegramAPIError as error:
            if isinstance(error, TelegramForbiddenError):
                await self._tell_blocked(message.chat_id)
            self._refused(row_id, message, error.message)
        except (KeyError, ValueError):
            self._refused(row_id, message, "this version cannot read it")
        else:
            self._mark(row_id, "sent", sent_id)
            SENDS.labels("sent").inc()
            log.debug("message.sent", chat_id=message.chat_id, method=message.method)

    def _refused(self, row_id: int, message: Message, reason: str) -> None:
        self._mark(row_id, "refused", None)
        SENDS.labels("refused").inc()
        log.warning(
            "message.refused", chat_id=message.chat_id, method=message.method, reason=reason
        )

    async def _tell_blocked(self, chat_id: int) -> None:
        """Until it is committed: nobody would say so again before the next message."""
        for pause in backoff():
            try:
                await self._on_blocked(chat_id)
            except TransientError as error:
                log.warning("blocked.waiting", chat_id=chat_id, reason=str(error))
                await asyncio.sleep(pause)
            else:
                return

    async def _send_persistently(self, share: Share, message: Message) -> int | None:
        """The id that Telegram gave it.

        Raises OwnershipLost when another process is to send it; TelegramAPIError when trying
        again cannot help; ValueError, KeyError when the row cannot be read.
        """
        method = to_method(message)
        pauses = backoff(first=0.2, most=30.0)
        while True:
            await self._wait_for_turn(share, message)
            try:
                answer = await self._bot(method)
            except TelegramEntityTooLarge:
                raise  # aiogram takes it for trouble of the network, but it stays too large
            except TelegramRetryAfter as error:
                pause: float = error.retry_after
                reason = "too many requests"
            except NOT_NOW as error:
                pause, reason = next(pauses), error.message
            else:
                return answer.message_id if isinstance(answer, TelegramMessage) else None
            SENDS.labels("delayed").inc()
            log.warning(
                "message.delayed", chat_id=message.chat_id, seconds=round(pause, 1), reason=reason
            )
            await set_within(share.closed, pause)

    async def _wait_for_turn(self, share: Share, message: Message) -> None:
        """Raises OwnershipLost."""
        self._shares.require(share)
        if self._limits is not None:
            await self._limits.wait(message.chat_id, message.method)
            self._shares.require(share)

    def _mark(self, row_id: int, state: str, message_id: int | None) -> None:
        values = {"row": row_id, "new_state": state, "sent_id": message_id}

        def mark(connection: Connection) -> None:
            connection.execute(_set_state, values)

        self._database.write_later(mark)


_set_state = (
    update(outgoing)
    .where(outgoing.c.id == bindparam("row"))
    .values(state=bindparam("new_state"), message_id=bindparam("sent_id"))
)


_waiting = select(outgoing.c.id, outgoing.c.chat_id).where(outgoing.c.state == "waiting")
_in_order = select(outgoing).order_by(outgoing.c.id)


def _rows(connection: Connection, ids: Sequence[int]) -> list[Due]:
    parts = [ids[start : start + READ_AT_ONCE] for start in range(0, len(ids), READ_AT_ONCE)]
    return [
        (row.id, Message(row.chat_id, row.method, row.payload, row.content_id), row.cause_id)
        for part in parts
        for row in connection.execute(_in_order.where(outgoing.c.id.in_(part)))
    ]


def _lane_failed(chat_id: int, error: Exception) -> None:
    log.error("message.failed", chat_id=chat_id, exc_info=error)
