"""One update: decide, commit; decide again when somebody else was faster."""

import asyncio
from time import perf_counter

from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Update
from structlog.contextvars import bound_contextvars

from yabot.bot.intake import Intake, sender
from yabot.bot.localization import Texts
from yabot.bot.turn import Turn
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.events.operations import OperationCompleted, Outcome
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.lanes import Lanes
from yabot.storage.relational.commit_log import CommitLog
from yabot.storage.relational.unit_of_work import Cause, UnitOfWork

log = get_logger(__name__)

IN_FLIGHT = 64
DECISIONS = 8
SIGN_AFTER = 1.0


class UpdateProcessor:
    """Updates of one user take effect in order; those of different users never wait."""

    def __init__(
        self, *, bot: Bot, dispatcher: Dispatcher, intake: Intake, commits: CommitLog, texts: Texts
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._intake = intake
        self._commits = commits
        self._texts = texts
        self.lanes: Lanes[str] = Lanes(IN_FLIGHT, _lane_failed)
        self._signs: set[asyncio.Task[None]] = set()

    def submit(self, update: Update) -> None:
        """Take over an update that is stored."""
        user, _ = sender(update)
        key = str(user.id) if user else f"update {update.update_id}"
        self.lanes.submit(key, lambda: self._process(update))

    async def _process(self, update: Update) -> None:
        with bound_contextvars(correlation_id=self._cause(update).correlation_id):
            sign = asyncio.get_running_loop().call_later(SIGN_AFTER, self._show_work, update)
            try:
                await self._settle(update)
            finally:
                sign.cancel()

    async def _settle(self, update: Update) -> None:
        """Until the update is committed: as handled, or with an answer that says why not."""
        started = perf_counter()
        for pause in backoff():
            try:
                await self._handle(update, started)
            except StoreUnavailable as error:
                if error.store != "MongoDB":
                    # Without SQL nothing can be committed, not even an excuse: wait for it.
                    log.warning("update.waiting", reason=str(error))
                    await asyncio.sleep(pause)
                    continue
                await self._excuse(update, started, "unavailable", "later", error)
            except GuardFailed as error:
                await self._excuse(update, started, "unavailable", "later", error)
            except Exception as error:
                log.exception("update.failed")
                await self._excuse(update, started, "failed", "failed", error)
            return

    async def _handle(self, update: Update, started: float) -> None:
        """Raises GuardFailed when the state has changed under every one of the decisions."""
        for attempt in range(1, DECISIONS):
            try:
                await self._decide_and_commit(update, started)
            except GuardFailed as error:
                log.debug("update.decides_again", attempt=attempt, reason=str(error))
            else:
                return
        await self._decide_and_commit(update, started)

    async def _decide_and_commit(self, update: Update, started: float) -> None:
        turn = self._turn(update)
        await self._dispatcher.feed_update(self._bot, update, turn=turn)
        await self._commit(turn, started)

    async def _excuse(
        self, update: Update, started: float, outcome: Outcome, text: str, error: Exception
    ) -> None:
        """Answer that it did not work, change nothing else, and let the lane go on."""
        turn = self._turn(update)
        turn.operation, turn.outcome = "excuse", outcome
        turn.error_code = getattr(error, "code", "internal_error")
        user, chat = sender(update)
        if user is not None and chat is not None:
            turn.acknowledge()
            turn.say(self._texts.localizer(user.language_code)(text))
        for pause in backoff():
            try:
                await self._commit(turn, started)
            except StoreUnavailable as away:
                log.warning("update.waiting", reason=str(away))
                await asyncio.sleep(pause)
            else:
                return

    async def _commit(self, turn: Turn, started: float) -> None:
        work = turn.work
        work.run(self._intake.finished(turn.update.update_id, _STATES[turn.outcome]))
        duration = round((perf_counter() - started) * 1000, 3)
        work.publish(
            OperationCompleted(
                operation=turn.operation,
                outcome=turn.outcome,
                duration_ms=duration,
                error_code=turn.error_code,
            ),
            turn.user_id or None,
        )
        await self._commits.commit(work)
        log.info(
            "update.handled",
            update_id=turn.update.update_id,
            user_id=turn.user_id,
            operation=turn.operation,
            outcome=turn.outcome,
            duration_ms=duration,
        )

    def _turn(self, update: Update) -> Turn:
        user, chat = sender(update)
        return Turn(
            update=update,
            chat_id=chat.id if chat else 0,
            user_id=str(user.id) if user else "",
            work=UnitOfWork(self._cause(update)),
        )

    def _cause(self, update: Update) -> Cause:
        cause_id = f"update:{self._intake.bot_id}:{update.update_id}"
        return Cause(consumer="bot", id=cause_id, correlation_id=cause_id)

    def _show_work(self, update: Update) -> None:
        """Tell the reader that it takes a moment; if even that fails, it is no loss."""
        _, chat = sender(update)
        if chat is not None:
            task = asyncio.create_task(self._send_typing(chat.id))
            self._signs.add(task)
            task.add_done_callback(self._signs.discard)

    async def _send_typing(self, chat_id: int) -> None:
        try:
            await self._bot.send_chat_action(chat_id, "typing", request_timeout=5)
        except TelegramAPIError as error:
            log.debug("sign.failed", reason=str(error))


_STATES: dict[Outcome, str] = {
    "ok": "done",
    "rejected": "done",
    "unavailable": "done",
    "failed": "failed",
}


def _lane_failed(user: str, error: Exception) -> None:
    log.error("update.lost", user_id=user, exc_info=error)
