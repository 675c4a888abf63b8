"""One update: decide, commit; decide again when somebody else was faster."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

from aiogram import Bot, Dispatcher
from structlog.contextvars import bound_contextvars

from yabot.bot.apologies import Apologies
from yabot.bot.chat_action import TypingAction
from yabot.bot.incoming import Incoming
from yabot.bot.intake import Intake
from yabot.bot.localization import Texts
from yabot.bot.lost_updates import LostUpdates
from yabot.bot.pace import Pace, Verdict
from yabot.bot.turn import Turn
from yabot.errors import GuardFailed, LeaseLost, StoreUnavailable, TerminalError
from yabot.events.operations import OperationCompleted, Outcome, UpdateReceived
from yabot.log.assignment import Assignment
from yabot.log.commit_log import CommitLog, Decision
from yabot.log.lease import Lease
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.waits import outage_of_sql
from yabot.observability.logging import get_logger
from yabot.observability.metrics import DEGRADED_REPLIES, HANDLING, TURNED_AWAY, UPDATES
from yabot.runtime.buckets import Tokens
from yabot.runtime.lanes import Lanes
from yabot.runtime.watch import Gate

log = get_logger(__name__)

IN_FLIGHT = 64
# Updates of one reader that count towards the limit on waiting updates (``Lanes.crowd``).
SHARE = 100
# The operation of an update that was done without a handler.
TURNED = "turned_away"


@dataclass(slots=True)
class Handling:
    """One update being handled, with the reader's operation in case it goes wrong."""

    incoming: Incoming
    cause: Cause
    # The lease under which it is handled; None for a pre-checkout, which changes nothing.
    lease: Lease | None = None
    operation: str = "unknown"
    tokens: Tokens = field(default_factory=Tokens)
    started: float = field(default_factory=perf_counter)

    def turn(self, work: UnitOfWork) -> Turn:
        """A fresh attempt, in a fresh unit."""
        work.publish(UpdateReceived(update_type=self.incoming.kind), self.incoming.user_id)
        return Turn(self.incoming, work, self.operation, tokens=self.tokens)

    def milliseconds(self) -> float:
        return round((perf_counter() - self.started) * 1000, 3)


class UpdateGivenUp(TerminalError):
    """Processes have died over the update, again and again."""

    code = "given_up"


class UpdateProcessor:
    """Updates of one user take effect in order; those of different users never wait."""

    def __init__(
        self,
        *,
        bot: Bot,
        dispatcher: Dispatcher,
        intake: Intake,
        commits: CommitLog,
        assignment: Assignment,
        texts: Texts,
        pace: Pace,
        is_answered: Callable[[int], bool],
        until_recorded: Callable[[int], Awaitable[None]],
        owes_too_much: Callable[[int], Awaitable[bool]],
        documents: Gate,
        lost: LostUpdates | None = None,
    ) -> None:
        """``documents`` is the gate of the store that handlers read besides SQL.

        ``is_answered`` tells by update id whether the reader has had an answer already;
        ``until_recorded`` waits until SQL has the ids of all messages in a chat;
        ``owes_too_much`` tells whether too many messages wait for a chat to add more.
        """
        self._pace = pace
        self._owes_too_much = owes_too_much
        self._is_answered = is_answered
        self._until_recorded = until_recorded
        self._bot = bot
        self._dispatcher = dispatcher
        self._intake = intake
        self._commits = commits
        self._documents = documents
        self._assignment = assignment
        self._apologies = Apologies(texts)
        self.lanes: Lanes[str] = Lanes(IN_FLIGHT, _lane_failed, SHARE)
        # By id, the updates that are in a lane.
        self._under_way: set[int] = set()
        self.lost = LostUpdates() if lost is None else lost
        # Held while a suspect update is handled: one at a time.
        self._suspects = asyncio.Lock()
        self._typing = TypingAction(bot)

    @property
    def under_way(self) -> frozenset[int]:
        """The updates, by id, that are in a lane."""
        return frozenset(self._under_way)

    def submit(self, incoming: Incoming, *, given_up: bool = False, alone: bool = False) -> None:
        """Take over an update that is stored, unless it is another process's to handle.

        Does nothing if the update is under way already. If it is ``given_up``, it is not handled
        and its reader hears that it did not work. Updates to be handled ``alone`` run one at a
        time, and each is noted as begun.
        """
        is_ours = self._assignment.get(incoming.partition) is not None
        if is_ours and incoming.update_id not in self._under_way:
            self._under_way.add(incoming.update_id)
            self.lanes.submit(incoming.lane, lambda: self._process(incoming, given_up, alone))

    async def _process(self, incoming: Incoming, given_up: bool, alone: bool) -> None:
        """Runs until the update is settled, or belongs to another process, which finds it in SQL.

        It keeps its place in the lane even if the partition is lost and assigned to us again. An
        update that follows a lost one is left, so that both are taken up again in order.
        """
        try:
            if self.lost.hold_back(incoming):
                log.info("update.held_back", update_id=incoming.update_id)
                return
            async with self._suspects if alone else nullcontext():
                await self._settle(incoming, given_up, alone)
            self.lost.settled(incoming)
        except (Exception, asyncio.CancelledError):
            self.lost.add(incoming)
            raise
        finally:
            # While SQL has it as waiting, a later round finds it, whatever happened here.
            self._under_way.discard(incoming.update_id)

    async def _settle(self, incoming: Incoming, given_up: bool, alone: bool) -> None:
        while (lease := self._assignment.get(incoming.partition)) is not None:
            try:
                with lease:
                    if alone:
                        await self._note_begun(incoming.update_id)
                    await self._answer(self.begin(incoming, lease), given_up)
                break
            except LeaseLost:
                log.info("update.left", update_id=incoming.update_id)

    async def _note_begun(self, update_id: int) -> None:
        log.warning("update.handled_alone", update_id=update_id)
        try:
            await self._intake.note_begun(update_id)
        except StoreUnavailable as error:
            # A crash then does not count against this update: it will be begun once more.
            log.warning("update.not_noted", update_id=update_id, reason=str(error))

    async def _answer(self, handling: Handling, given_up: bool) -> None:
        """Give the update up, handle it, or turn it away. Raises LeaseLost."""
        with (
            bound_contextvars(correlation_id=handling.cause.correlation_id),
            self._typing.over(handling.incoming.chat_id),
        ):
            if given_up:
                log.error("update.given_up", update_id=handling.incoming.update_id)
                await self._excuse(handling, "failed", "failed", UpdateGivenUp())
            elif (verdict := self._pace.judge(handling.incoming)) is Verdict.HANDLE:
                await self._handle(handling)
            else:
                told = verdict is Verdict.SLOW_DOWN
                await self.finish(handling, partial(self._turn_away, handling, "too_fast", told))

    async def _handle(self, handling: Handling) -> None:
        """Commit what the update's handler decides, or an answer that says why it did not work.

        Raises LeaseLost.
        """
        try:
            await self.finish(handling, partial(self._dispatch, handling))
        except (StoreUnavailable, GuardFailed) as error:
            await self._excuse(handling, "unavailable", "later", error)
        except LeaseLost:
            raise
        except Exception as error:
            log.exception("update.failed", operation=handling.operation)
            await self._excuse(handling, "failed", "failed", error)

    async def _dispatch(self, handling: Handling, work: UnitOfWork) -> Turn:
        incoming = handling.incoming
        if not incoming.tells_of_payment and await self._owes_too_much(incoming.chat_id):
            return await self._turn_away(handling, "too_much_waits", False, work)
        turn = handling.turn(work)
        if turn.update.message_reaction is not None:
            # A reader can react to a message before Telegram has told us the message's id.
            await self._until_recorded(turn.chat_id)
        try:
            await self._dispatcher.feed_update(self._bot, turn.update, turn=turn)
        finally:
            handling.operation = turn.operation
        return turn

    async def _turn_away(
        self, handling: Handling, error_code: str, told: bool, work: UnitOfWork
    ) -> Turn:
        turn = handling.turn(work)
        turn.operation = TURNED
        self._apologies.turn_away(turn, error_code, told=told)
        return turn

    async def _excuse(
        self, handling: Handling, outcome: Outcome, text: str, error: Exception
    ) -> None:
        """Answer that it did not work, change nothing else, and let the lane go on."""

        async def decide(work: UnitOfWork) -> Turn:
            turn = handling.turn(work)
            self._apologies.apologize(turn, outcome, text, error)
            return turn

        await self.finish(handling, decide)
        DEGRADED_REPLIES.labels(outcome).inc()

    async def finish(self, handling: Handling, decision: Decision[Turn]) -> None:
        """Decide and commit; while SQL is away, wait.

        Raises what ``decision`` raises, except for an outage of SQL; LeaseLost; and GuardFailed
        when the state had changed before each of the commits.
        """

        async def decide(work: UnitOfWork) -> tuple[Turn, OperationCompleted]:
            turn = await decision(work)
            return turn, self._completed(handling, turn)

        lease = handling.lease
        (turn, completed), committed = await self._commits.decide(
            handling.cause,
            decide,
            checks=() if lease is None else lease.checks,
            waits_out=outage_of_sql,
            doubted=self._documents,
        )
        if committed.duplicate and lease is not None:
            # Our own commit, whose confirmation got lost, or that of the partition's new owner.
            lease.require()
        TURNED_AWAY.inc(turn.operation == TURNED)
        UPDATES.labels(completed.operation, completed.outcome).inc()
        HANDLING.observe(completed.duration_ms / 1000)
        log.info(
            "update.handled",
            update_id=handling.incoming.update_id,
            user_id=turn.user_id,
            **completed.model_dump(exclude_none=True),
        )

    def _completed(self, handling: Handling, turn: Turn) -> OperationCompleted:
        """Add to the turn's unit what every update leaves, whatever its outcome."""
        update_id = handling.incoming.update_id
        if self._is_answered(update_id):
            turn.work.messages.clear()
        state = "failed" if turn.outcome == "failed" else "done"
        completed = OperationCompleted(
            operation=turn.operation,
            outcome=turn.outcome,
            duration_ms=handling.milliseconds(),
            error_code=turn.error_code,
        )
        # Before the handler's statements: a deletion blanks what has been finished.
        turn.work.statements.insert(0, self._intake.finished(update_id, state))
        turn.work.publish(completed, turn.user_id or None)
        return completed

    def begin(self, incoming: Incoming, lease: Lease | None = None) -> Handling:
        cause_id = f"update:{self._intake.bot_id}:{incoming.update_id}"
        return Handling(incoming, Cause("bot", id=cause_id, correlation_id=cause_id), lease)


def _lane_failed(user: str, error: Exception) -> None:
    log.error("update.lost", user_id=user, exc_info=error)
