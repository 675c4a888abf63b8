"""Repeats one call to Telegram until Telegram takes it or the call is given up."""

from typing import Any

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramMigrateToChat, TelegramServerError
from aiogram.methods import TelegramMethod
from aiogram.types import Message as TelegramMessage

from yabot.bot.calls import Calls
from yabot.bot.failure_scope import FailureScope, TriedCall
from yabot.bot.limits import SendLimits
from yabot.bot.marks import Marks
from yabot.bot.outgoing import to_method
from yabot.bot.probe import TelegramProbe
from yabot.bot.retries import CallRetries
from yabot.bot.session import OutcomeUnknown
from yabot.bot.unsent import Due
from yabot.error_text import error_text
from yabot.log.lease import Lease
from yabot.log.unit_of_work import Message
from yabot.observability.logging import get_logger
from yabot.observability.metrics import SENDS
from yabot.runtime.loops import set_within
from yabot.runtime.stopping import finished_before
from yabot.trusted_clock import TrustedClock

log = get_logger(__name__)


class Delivery:
    """Called in a chat's lane, one message at a time; blocks only that lane."""

    def __init__(
        self,
        bot: Bot,
        limits: SendLimits | None,
        calls: Calls,
        marks: Marks,
        clock: TrustedClock,
    ) -> None:
        """Each call is registered in ``calls`` while it runs; ``clock`` tells how old it is."""
        self._clock = clock
        self._bot = bot
        self._limits = limits
        self._calls = calls
        self._marks = marks
        self._probe = TelegramProbe(bot)
        self._failure_scope = FailureScope()

    async def until_taken(self, lease: Lease, due: Due) -> int | None:
        """The id that Telegram gave the message.

        Raises LeaseLost when another process is to send it; GivenUp when it has been tried as
        its method allows; OutcomeUnknown when nobody can say whether it is sent; TelegramAPIError
        when trying again cannot help; MessageUnreadable when another version has to send it.
        """
        message, retries = due.message, CallRetries(due, self._clock)
        method = to_method(message)
        with self._failure_scope.of(message.method) as call:
            while True:
                await self._wait_for_turn(lease, message)
                try:
                    with self._calls.under_way(message.chat_id):
                        answer = await self._bot(method)
                except TelegramMigrateToChat as error:
                    method = _moved(method, error)
                except TelegramAPIError as error:
                    pause = retries.next_pause(error)
                    if isinstance(error, TelegramServerError):
                        await self._count(due, retries, call)
                    retries.require(error, pause)
                    await self._delay(lease, message, error, pause)
                else:
                    call.succeeded()
                    return _sent_id(answer)

    async def _count(self, due: Due, retries: CallRetries, call: TriedCall) -> None:
        """Count a server error, unless Telegram is away and something answers in its place."""
        if not await self._probe.answers():
            return
        retries.count_error(singled_out=call.failed())
        self._marks.errors(due.row_id, retries.errors)

    async def _delay(
        self, lease: Lease, message: Message, error: TelegramAPIError, seconds: float
    ) -> None:
        SENDS.labels("delayed").inc()
        log.warning(
            "message.delayed",
            chat_id=message.chat_id,
            seconds=round(seconds, 1),
            reason=error_text(error),
        )
        await set_within(lease.closed, seconds)
        if isinstance(error, OutcomeUnknown):
            # While Telegram is away no attempt is used up.
            await finished_before(lease.closed, self._probe.wait())

    async def _wait_for_turn(self, lease: Lease, message: Message) -> None:
        """Raises LeaseLost."""
        lease.require()
        if self._limits is not None:
            await self._limits.wait(message.chat_id, message.method)
            lease.require()


def _moved(method: TelegramMethod[Any], error: TelegramMigrateToChat) -> TelegramMethod[Any]:
    """The same call for the supergroup that its group has become. Raises ``error`` if the call was
    for that supergroup already.
    """
    if getattr(method, "chat_id", None) == error.migrate_to_chat_id:
        raise error
    return method.model_copy(update={"chat_id": error.migrate_to_chat_id})


def _sent_id(answer: Any) -> int | None:
    """The id of the sent message, also from an answer that this version can read only in part."""
    if isinstance(answer, TelegramMessage):
        return answer.message_id
    found = answer.get("message_id") if isinstance(answer, dict) else None
    return found if type(found) is int else None
