"""Makes Telegram hear what SQL has committed; in order for each chat."""

import asyncio
from collections.abc import Awaitable, Callable

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
from yabot.bot.telegram import AWAY
from yabot.errors import TransientError
from yabot.observability.logging import get_logger
from yabot.observability.metrics import SENDS
from yabot.runtime.backoff import backoff
from yabot.runtime.lanes import Lanes
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.commit_log import Committed
from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import outgoing
from yabot.storage.relational.unit_of_work import Message

log = get_logger(__name__)

# Most of them wait for their chat's turn: they must not keep others from theirs.
IN_FLIGHT = 2000
SWEEP_SECONDS = 30.0
# A token that was revoked may be given back; what was to be said is still to be said.
NOT_NOW = (*AWAY, TelegramUnauthorizedError)

# Told the chat in which Telegram forbids us to write: its reader has blocked the bot.
OnBlocked = Callable[[int], Awaitable[None]]


class Sender:
    """A message is sent at least once: after a crash between sending and marking, once more."""

    def __init__(
        self, database: Database, bot: Bot, limits: SendLimits | None, on_blocked: OnBlocked
    ) -> None:
        """Without ``limits`` as fast as the server takes it: the playground has none."""
        self._database = database
        self._bot = bot
        self._on_blocked = on_blocked
        self._limits = limits
        self.lanes: Lanes[int] = Lanes(IN_FLIGHT, _lane_failed)
        # Finds rows whose commit got lost on its way back.
        self.loop = WakingLoop("messages", self.resume, SWEEP_SECONDS)
        # Rows that are on their way, or sent so lately that their mark may not be written yet.
        self._taken: set[int] = set()

    def notice(self, committed: Committed) -> None:
        for row_id, message in committed.messages:
            self._submit(row_id, message, committed.cause.correlation_id)

    async def resume(self) -> None:
        """Send what is committed and neither sent nor on its way. Raises StoreUnavailable."""
        taken = set(self._taken)
        waiting = await self._database.read(_waiting)
        self._taken -= taken - {row_id for row_id, _, _ in waiting}
        for row_id, message, cause_id in waiting:
            if row_id not in self._taken:
                self._submit(row_id, message, cause_id)

    def _submit(self, row_id: int, message: Message, correlation_id: str) -> None:
        self._taken.add(row_id)

        async def deliver() -> None:
            with bound_contextvars(correlation_id=correlation_id):
                await self._deliver(row_id, message)

        self.lanes.submit(message.chat_id, deliver)

    async def _deliver(self, row_id: int, message: Message) -> None:
        """Until Telegram has taken the message, or has refused it for good."""
        try:
            sent_id = await self._send_persistently(message)
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

    async def _send_persistently(self, message: Message) -> int | None:
        """The id that Telegram gave it.

        Raises TelegramAPIError when trying again cannot help; ValueError, KeyError when the row
        cannot be read.
        """
        method = to_method(message)
        pauses = backoff(first=0.2, most=30.0)
        while True:
            if self._limits is not None:
                await self._limits.wait(message.chat_id, message.method)
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
            await asyncio.sleep(pause)

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


def _waiting(connection: Connection) -> list[tuple[int, Message, str]]:
    query = select(outgoing).where(outgoing.c.state == "waiting").order_by(outgoing.c.id)
    return [
        (row.id, Message(row.chat_id, row.method, row.payload, row.content_id), row.cause_id)
        for row in connection.execute(query)
    ]


def _lane_failed(chat_id: int, error: Exception) -> None:
    log.error("message.failed", chat_id=chat_id, exc_info=error)
