"""What happens after Telegram has refused a message for good: decided and committed once."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from aiogram.exceptions import TelegramAPIError
from sqlalchemy import update

from yabot.bot.measure import plain_text
from yabot.bot.plain import in_plain_text
from yabot.bot.refusals import reason_in_page
from yabot.bot.retries import GivenUp
from yabot.bot.unsent import Due
from yabot.events.failures import MessageFailed
from yabot.log.audit import audited
from yabot.log.commit_log import CommitLog, Decision
from yabot.log.tables import BLANK, outgoing
from yabot.log.unit_of_work import Cause, Message, UnitOfWork
from yabot.log.waits import whatever_passes
from yabot.observability.logging import get_logger
from yabot.storage.relational.database import Statement, executing

log = get_logger(__name__)

FAILED = "message_failed"


@dataclass(frozen=True, slots=True)
class RefusedPage:
    """``reason`` is our own word, not Telegram's sentence, which may quote the page."""

    message: Message
    content_id: str
    reason: str


# Adds to the unit what the reader gets instead.
OnRefusedPage = Callable[[UnitOfWork, RefusedPage], Awaitable[None]]


class FailedMessages:
    """Called in a chat's lane. Each method returns when its commit is durable, and waits for that
    while SQL is away.
    """

    def __init__(self, commits: CommitLog, on_refused_page: OnRefusedPage) -> None:
        self._commits = commits
        self._on_refused_page = on_refused_page

    async def refuse_page(self, due: Due, page: RefusedPage) -> None:
        """Send the reader something else, after the messages that already wait for them."""

        async def replace(work: UnitOfWork) -> None:
            await self._on_refused_page(work, page)

        try:
            await self._end(due, "refused", replace)
        except Exception:
            # If it were not marked as refused, the page would be tried for ever.
            log.exception("page.not_replaced", content_id=page.content_id)
            await self._end(due, "refused", _leave)

    async def say_plainly(self, due: Due, parts: Sequence[Message]) -> None:
        """Send ``parts`` in place of the message, after those that already wait for the reader."""

        async def replace(work: UnitOfWork) -> None:
            for part in parts:
                work.send(part)

        await self._end(due, "refused", replace)

    async def fail(self, due: Due, attempts: int, reason: str, *, is_missed: bool) -> None:
        """Mark the message as failed. Administrators hear of it if it ``is_missed``."""
        method, chat_id = due.message.method, due.message.chat_id
        details = {"message": due.row_id, "method": method, "attempts": attempts, "reason": reason}

        async def tell(work: UnitOfWork) -> None:
            work.add(audited(FAILED, details, str(chat_id) if chat_id else None))
            if is_missed:
                work.publish(MessageFailed(method=method, attempts=attempts, reason=reason))

        await self._end(due, "failed", tell)

    async def _end(
        self, due: Due, state: Literal["refused", "failed"], decision: Decision[None]
    ) -> None:
        """Commit, waiting while SQL is away; later messages to this chat wait meanwhile."""

        async def end(work: UnitOfWork) -> None:
            work.add(_ended(due.row_id, state))
            await decision(work)

        cause = Cause("sender", f"{state}:{due.row_id}", due.correlation_id)
        await self._commits.decide(cause, end, waits_out=whatever_passes)


async def _leave(_work: UnitOfWork) -> None:
    """The reader gets nothing instead."""


def refused_page(message: Message, error: TelegramAPIError | GivenUp) -> RefusedPage | None:
    """The refused page; None if the message is no page, or its content is not the reason."""
    if message.method != "sendMessage" or message.content_id is None:
        return None
    if isinstance(error, GivenUp):
        # The page's content may be what makes Telegram fail.
        return RefusedPage(message, message.content_id, "errors") if error.is_by_telegram else None
    reason = reason_in_page(error)
    return None if reason is None else RefusedPage(message, message.content_id, reason)


def without_markup(message: Message, error: TelegramAPIError) -> list[Message]:
    """The message in plain text if Telegram refuses its markup; else nothing."""
    if message.method != "sendMessage" or reason_in_page(error) != "markup":
        return []
    text = json.loads(message.payload)["text"]
    return in_plain_text(message) if plain_text(text) != text else []


def _ended(row_id: int, state: str) -> Statement[None]:
    is_waiting = (outgoing.c.id == row_id) & (outgoing.c.state == "waiting")
    statement = update(outgoing).where(is_waiting).values(state=state, payload=BLANK)
    return executing(statement)
