"""Updates that Telegram wants answered within seconds, whatever else their user has under way.

A payment is confirmed or refused before it is made: there is no time for the user's lane, nor for
SQL to store the update first. The answer changes nothing; it is stored and finished like any other
update afterwards.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError
from aiogram.methods import AnswerPreCheckoutQuery, TelegramMethod
from aiogram.types import PreCheckoutQuery, Update
from structlog.contextvars import bound_contextvars

from yabot.bot.incoming import Incoming
from yabot.bot.localization import Texts
from yabot.bot.outgoing import to_method
from yabot.bot.processing import Handling, UpdateProcessor
from yabot.bot.reading import Received, unread_checkout
from yabot.bot.turn import Turn
from yabot.error_text import error_text
from yabot.errors import TransientError, code_of
from yabot.events.operations import Outcome
from yabot.log.unit_of_work import UnitOfWork
from yabot.observability.logging import get_logger
from yabot.runtime.interruption import uninterrupted
from yabot.runtime.lanes import Lanes
from yabot.runtime.recent import Recent

log = get_logger(__name__)

# Seconds; together they are five, within which a payer gets an answer. Telegram gives up after ten.
DECIDE_WITHIN = 3.0
TELL_WITHIN = 2
IN_FLIGHT = 500
REMEMBERED = 1000


class PreCheckoutAnswers:
    """Each update is decided once and answered at once; without a confirmation it is refused."""

    def __init__(
        self, bot: Bot, dispatcher: Dispatcher, processor: UpdateProcessor, texts: Texts
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._processor = processor
        self._texts = texts
        # By update id, the newest: a second delivery gets no second answer.
        self._answers: Recent[int, asyncio.Task[Turn]] = Recent(REMEMBERED)
        self._under_way: set[int] = set()
        # Refusals of unreadable questions: those are not handled, but their payers wait, too.
        self._refusing: set[asyncio.Task[None]] = set()
        self.lanes: Lanes[int] = Lanes(IN_FLIGHT, _lane_failed)

    def answer(self, received: Iterable[Received]) -> None:
        """Begin to answer those among ``received`` that cannot wait until they are stored."""
        for entry in received:
            if isinstance(entry, Incoming):
                if entry.is_pre_checkout:
                    self._begin(entry)
            elif (query := unread_checkout(entry)) is not None:
                log.warning("pre_checkout.unreadable", update_id=entry.update_id)
                telling = asyncio.create_task(self._tell(self._refusal(*query)))
                self._refusing.add(telling)
                telling.add_done_callback(self._refusing.discard)

    def submit(self, incoming: Incoming) -> None:
        """Take over an update that is stored, to be finished once it has been answered."""
        if incoming.update_id in self._under_way:
            return
        self._under_way.add(incoming.update_id)
        answering = self._begin(incoming)
        self.lanes.submit(incoming.update_id, lambda: self._finish(incoming, answering))

    def cancel(self) -> None:
        """Cancel unfinished answers: their updates are not stored, so Telegram will repeat them."""
        for answering in (*self._answers.values(), *self._refusing):
            answering.cancel()

    def _begin(self, incoming: Incoming) -> "asyncio.Task[Turn]":
        known = self._answers.get(incoming.update_id)
        if known is not None:
            return known
        answering = asyncio.create_task(self._answer(self._processor.begin(incoming)))
        self._answers[incoming.update_id] = answering
        return answering

    async def _answer(self, handling: Handling) -> Turn:
        with bound_contextvars(correlation_id=handling.cause.correlation_id):
            turn = await self._decide(handling)
            query = _query(turn.update)
            refusal = self._refusal(query.id, query.from_user.language_code)
            await self._tell(_answer_in(turn) or refusal)
            return turn

    async def _decide(self, handling: Handling) -> Turn:
        turn = handling.turn(UnitOfWork(handling.cause))
        try:
            async with asyncio.timeout(DECIDE_WITHIN):
                decided = self._dispatcher.feed_update(self._bot, turn.update, turn=turn)
                await uninterrupted(decided)
        except (TransientError, TimeoutError) as error:
            log.warning(
                "pre_checkout.undecided", operation=turn.operation, reason=error_text(error)
            )
            return _undecided(handling, turn.operation, "unavailable", error)
        except Exception as error:
            log.exception("pre_checkout.failed", operation=turn.operation)
            return _undecided(handling, turn.operation, "failed", error)
        return turn

    def _refusal(self, query_id: str, language_code: str | None) -> TelegramMethod[bool]:
        t = self._texts.localizer(language_code)
        return AnswerPreCheckoutQuery(
            pre_checkout_query_id=query_id, ok=False, error_message=t("checkout-refused")
        )

    async def _tell(self, method: TelegramMethod[bool]) -> None:
        """Send the answer once: Telegram would not take a later one."""
        try:
            await self._bot(method, request_timeout=TELL_WITHIN)
        except AiogramError as error:
            log.warning("pre_checkout.not_told", reason=error_text(error))

    async def _finish(self, incoming: Incoming, answering: "asyncio.Task[Turn]") -> None:
        handling = self._processor.begin(incoming)
        with bound_contextvars(correlation_id=handling.cause.correlation_id):
            try:
                turn = await answering
                handling.operation = turn.operation
                await self._processor.finish(handling, partial(_told, turn))
            finally:
                self._under_way.discard(incoming.update_id)


def _undecided(handling: Handling, operation: str, outcome: Outcome, error: Exception) -> Turn:
    """A fresh turn, without anything of what the handler had begun."""
    turn = handling.turn(UnitOfWork(handling.cause))
    turn.operation, turn.outcome = operation, outcome
    turn.error_code = code_of(error)
    return turn


def _query(update: Update) -> PreCheckoutQuery:
    assert update.pre_checkout_query is not None
    return update.pre_checkout_query


def _answer_in(turn: Turn) -> TelegramMethod[bool] | None:
    """What the handler wants Telegram to hear; None when it has not got that far."""
    for message in turn.work.messages:
        if message.method == AnswerPreCheckoutQuery.__api_method__:
            return to_method(message)
    return None


async def _told(turn: Turn, work: UnitOfWork) -> Turn:
    """The turn as it is committed: without messages, as Telegram has had the answer already."""
    work.absorb(turn.work)
    work.messages.clear()
    return replace(turn, work=work)


def _lane_failed(update_id: int, error: Exception) -> None:
    log.error("pre_checkout.not_finished", update_id=update_id, exc_info=error)
