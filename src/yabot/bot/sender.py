"""Makes Telegram hear what SQL has committed; in order for each chat."""

import asyncio

from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import Message as TelegramMessage
from sqlalchemy import Connection, select, update

from yabot.bot.outgoing import to_method
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.lanes import Lanes
from yabot.storage.relational.commit_log import Committed
from yabot.storage.relational.database import Database
from yabot.storage.relational.tables import outgoing
from yabot.storage.relational.unit_of_work import Message

log = get_logger(__name__)

IN_FLIGHT = 32


class Sender:
    """A message is sent at least once: after a crash between sending and marking, once more."""

    def __init__(self, database: Database, bot: Bot) -> None:
        self._database = database
        self._bot = bot
        self.lanes: Lanes[int] = Lanes(IN_FLIGHT, _lane_failed)

    def notice(self, committed: Committed) -> None:
        for row_id, message in committed.messages:
            self._submit(row_id, message)

    async def resume(self) -> None:
        """Send what an earlier process committed and did not mark as sent."""
        for row_id, message in await self._database.read(_waiting):
            self._submit(row_id, message)

    def _submit(self, row_id: int, message: Message) -> None:
        self.lanes.submit(message.chat_id, lambda: self._send(row_id, message))

    async def _send(self, row_id: int, message: Message) -> None:
        pauses = backoff(first=0.2, most=30.0)
        while True:
            try:
                answer = await self._bot(to_method(message))
            except TelegramRetryAfter as error:
                log.warning("message.delayed", chat_id=message.chat_id, seconds=error.retry_after)
                await asyncio.sleep(error.retry_after)
            except (TelegramNetworkError, TelegramServerError) as error:
                log.warning("message.retried", chat_id=message.chat_id, reason=str(error))
                await asyncio.sleep(next(pauses))
            except TelegramAPIError as error:
                log.warning(
                    "message.refused",
                    chat_id=message.chat_id,
                    method=message.method,
                    reason=str(error),
                )
                return self._mark(row_id, "refused", None)
            else:
                sent_id = answer.message_id if isinstance(answer, TelegramMessage) else None
                log.debug("message.sent", chat_id=message.chat_id, method=message.method)
                return self._mark(row_id, "sent", sent_id)

    def _mark(self, row_id: int, state: str, message_id: int | None) -> None:
        statement = (
            update(outgoing)
            .where(outgoing.c.id == row_id)
            .values(state=state, message_id=message_id)
        )

        def mark(connection: Connection) -> None:
            connection.execute(statement)

        self._database.write_later(mark)


def _waiting(connection: Connection) -> list[tuple[int, Message]]:
    query = select(outgoing).where(outgoing.c.state == "waiting").order_by(outgoing.c.id)
    return [
        (row.id, Message(row.chat_id, row.method, row.payload, row.content_id))
        for row in connection.execute(query)
    ]


def _lane_failed(chat_id: int, error: Exception) -> None:
    log.error("message.failed", chat_id=chat_id, exc_info=error)
