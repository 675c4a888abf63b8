"""Records in SQL, the log and the metrics how the sending of a message has ended."""

from collections.abc import Awaitable, Callable

from aiogram.exceptions import TelegramAPIError

from yabot.bot.failed_messages import FailedMessages, RefusedPage, refused_page, without_markup
from yabot.bot.marks import Marks
from yabot.bot.methods import policy_of
from yabot.bot.refusals import has_gone, is_done_already
from yabot.bot.retries import GivenUp
from yabot.bot.unsent import Due
from yabot.error_text import error_text
from yabot.events.envelope import EventPayload
from yabot.events.intake import MessageUncertain
from yabot.log.audit import audited
from yabot.observability.logging import get_logger
from yabot.observability.metrics import SENDS

log = get_logger(__name__)

# Called with the chat of a reader who has blocked the bot. Returns once that is committed, because
# Telegram says so again only at the next message.
OnBlocked = Callable[[int], Awaitable[None]]


class Outcomes:
    """One method for each way in which the sending of a message can end."""

    def __init__(
        self,
        marks: Marks,
        failed_messages: FailedMessages,
        on_blocked: OnBlocked,
        tell: Callable[[EventPayload], None],
    ) -> None:
        """``tell`` publishes events that belong to no user."""
        self._marks = marks
        self._failed_messages = failed_messages
        self._on_blocked = on_blocked
        self._tell = tell

    def sent(self, due: Due, sent_id: int | None) -> None:
        """``sent_id`` is Telegram's message id; None if the call sent none, or was done before."""
        self._marks.sent(due.row_id, sent_id)
        SENDS.labels("sent").inc()
        log.debug("message.sent", chat_id=due.message.chat_id, method=due.message.method)

    async def refused(self, due: Due, error: TelegramAPIError) -> None:
        """Telegram refuses the call for good; only text without its markup may be sent instead."""
        message = due.message
        if is_done_already(error):
            self.sent(due, None)
            return
        if has_gone(error):
            await self._on_blocked(message.chat_id)
        page = refused_page(message, error)
        if page is not None:
            await self._refuse_page(due, page)
        elif policy_of(message.method).owed:
            await self._fail(due, 1, "refused")
        elif parts := without_markup(message, error):
            SENDS.labels("refused").inc()
            log.error("message.sent_plainly", chat_id=message.chat_id, reason=error_text(error))
            await self._failed_messages.say_plainly(due, parts)
        else:
            self._drop(due, error_text(error))

    async def given_up(self, due: Due, error: GivenUp) -> None:
        """The call has had all the tries that its method gets."""
        page = refused_page(due.message, error)
        if page is None:
            await self._fail(due, error.attempts, error.reason)
        else:
            await self._refuse_page(due, page)

    def unreadable(self, due: Due) -> None:
        """Keep the message for a version that can read it; later ones do not wait for that."""
        message = due.message
        self._marks.unreadable(due.row_id)
        SENDS.labels("unreadable").inc()
        log.warning("message.unreadable", chat_id=message.chat_id, method=message.method)

    def uncertain(self, due: Due, reason: str) -> None:
        """Nobody knows whether Telegram took the message; sending it again would be worse."""
        row_id, message = due.row_id, due.message
        details = {"message": row_id, "method": message.method, "reason": reason}
        self._marks.uncertain(row_id, audited("message_uncertain", details, str(message.chat_id)))
        SENDS.labels("uncertain").inc()
        log.error(
            "message.uncertain", chat_id=message.chat_id, method=message.method, reason=reason
        )
        self._tell(MessageUncertain(method=message.method))

    def _drop(self, due: Due, reason: str) -> None:
        message = due.message
        self._marks.refused(due.row_id)
        SENDS.labels("refused").inc()
        tell = log.warning if policy_of(message.method).missed else log.info
        tell("message.refused", chat_id=message.chat_id, method=message.method, reason=reason)

    async def _refuse_page(self, due: Due, page: RefusedPage) -> None:
        SENDS.labels("refused").inc()
        log.error("page.refused", content_id=page.content_id, reason=page.reason)
        await self._failed_messages.refuse_page(due, page)

    async def _fail(self, due: Due, attempts: int, reason: str) -> None:
        method, policy = due.message.method, policy_of(due.message.method)
        SENDS.labels("failed").inc()
        log.error("message.failed", method=method, attempts=attempts, reason=reason)
        await self._failed_messages.fail(due, attempts, reason, is_missed=policy.missed)
