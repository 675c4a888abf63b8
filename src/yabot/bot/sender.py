"""Makes Telegram hear what SQL has committed; in order for each chat."""

import asyncio
from collections.abc import Callable, Collection
from typing import Literal

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from structlog.contextvars import bound_contextvars

from yabot.bot.calls import Calls
from yabot.bot.delivery import Delivery
from yabot.bot.failed_messages import FailedMessages
from yabot.bot.limits import SendLimits
from yabot.bot.marks import Marks
from yabot.bot.methods import policy_of
from yabot.bot.outcomes import OnBlocked, Outcomes
from yabot.bot.outgoing import MessageUnreadable
from yabot.bot.retries import GivenUp
from yabot.bot.send_backlog import BACKLOG, BacklogBounds, LeftInSql
from yabot.bot.session import OutcomeUnknown
from yabot.bot.unreadable_messages import UnreadableMessages
from yabot.bot.unsent import Due, Portion, Unsent
from yabot.clock import utc_now
from yabot.errors import LeaseLost
from yabot.events.envelope import EventPayload
from yabot.log.assignment import Assignment
from yabot.log.commit_log import Committed
from yabot.log.lease import Lease
from yabot.log.unit_of_work import Message
from yabot.observability.logging import get_logger
from yabot.runtime.lanes import Lanes
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database
from yabot.trusted_clock import TrustedClock

log = get_logger(__name__)

# Seconds between two looks for what nobody has told of: where other processes commit messages too,
# most are found by looking.
LOOK_EVERY_ALONE = 30.0
LOOK_EVERY = 0.5

# Jobs of one lane run one after another: those of a chat, or a call by its row.
Lane = tuple[Literal["chat", "row"], int]


class Sender:
    """A message is sent at least once: after a crash between sending and marking, once more.

    Each chat's by one process at a time.
    """

    def __init__(
        self,
        database: Database,
        bot: Bot,
        assignment: Assignment,
        limits: SendLimits | None,
        on_blocked: OnBlocked,
        failed_messages: FailedMessages,
        bounds: BacklogBounds = BACKLOG,
        tell: Callable[[EventPayload], None] = lambda _event: None,
        clock: TrustedClock | None = None,
    ) -> None:
        """Without ``limits`` as fast as the server takes it: the playground has none.

        ``tell`` takes events of no user's. By ``clock``, or one of its own, messages grow too old.
        """
        marks = Marks(database)
        self._calls = Calls()
        self._delivery = Delivery(bot, limits, self._calls, marks, clock or TrustedClock())
        self._outcomes = Outcomes(marks, failed_messages, on_blocked, tell)
        self._database = database
        self._assignment = assignment
        self._bounds = bounds
        self._unsent = Unsent(database, assignment, bounds.of_a_chat)
        self._unreadable = UnreadableMessages(database, assignment.partition_of)
        self.lanes: Lanes[Lane] = Lanes(None, _lane_failed)
        # Finds rows whose commit got lost on its way back, or was another process's.
        every = LOOK_EVERY_ALONE if assignment.is_sole else LOOK_EVERY
        self.loop = WakingLoop("messages", self.resume, every)
        # Rows that are on their way, or sent so lately that their mark may not be written yet.
        self._taken: set[int] = set()
        # Else one look would let go of what another one has found waiting, and is sent since.
        self._looking = asyncio.Lock()
        self._left = LeftInSql()
        # What was left since the last look into SQL began; that look may have missed it.
        self._left_since = self._left

    def notice(self, committed: Committed) -> None:
        """Send a commit's messages. ``resume`` may already have found some of them."""
        now, cause_id = utc_now(), committed.cause.correlation_id
        for row_id, message in committed.messages:
            if self._has_room_for(message):
                self._submit(Due(row_id, message, cause_id, now))
            else:
                self._leave(message.chat_id)

    async def resume(self) -> None:
        """Send what is committed and neither sent nor on its way, as far as there is room.

        Raises StoreUnavailable.
        """
        self._left_since = LeftInSql()
        portion = await self.find(self._assignment.partitions)
        self._left = self._left_since
        self.take(portion)

    async def find(self, partitions: Collection[int]) -> Portion:
        """The first of what waits in these partitions and is not on its way.

        Raises StoreUnavailable.
        """
        async with self._looking:
            taken, room = frozenset(self._taken), max(0, self._bounds.held - self.lanes.waiting)
            portion = await self._unsent.first(room, partitions, taken)
            self._taken -= taken - portion.still_waiting
            return portion

    async def try_unreadable_again(self, partitions: Collection[int]) -> None:
        """What another version could not read in these partitions waits again, if we can.

        Raises StoreUnavailable.
        """
        await self._unreadable.try_again(partitions)

    def take(self, portion: Portion) -> None:
        self._left.chats |= portion.chats_with_more
        self._left.of_any_chat |= not portion.is_all
        for due in portion.due:
            if self.lanes.waiting >= self._bounds.held:
                # Others have come in since the look.
                self._left.of_any_chat = True
                return
            self._submit(due)

    async def until_recorded(self, chat_id: int) -> None:
        """Wait until SQL knows the id of every message that is in the chat, or just coming there.

        Raises StoreUnavailable.
        """
        await self._calls.until_answered(chat_id)
        await self._database.flush()

    async def owes_too_much(self, chat_id: int) -> bool:
        """Whether so much waits for the chat that nothing is to be added. Raises
        StoreUnavailable.
        """
        held = self.lanes.length(("chat", chat_id))
        if held < self._bounds.of_a_chat and not self._left.concerns(chat_id):
            return False
        return await self._unsent.are_more_than(self._bounds.owed_to_a_chat, chat_id)

    def _has_room_for(self, message: Message) -> bool:
        held, chat_id = self.lanes.waiting, message.chat_id
        if policy_of(message.method).alone:
            return held < 2 * self._bounds.held
        if self._left.concerns(chat_id) or held >= self._bounds.held:
            return False
        return self.lanes.length(("chat", chat_id)) < self._bounds.of_a_chat

    def _leave(self, chat_id: int) -> None:
        """In SQL, until there is room."""
        is_full = self.lanes.waiting >= self._bounds.held
        for left in (self._left, self._left_since):
            left.chats.add(chat_id)
            left.of_any_chat |= is_full

    def _make_room(self, chat_id: int) -> None:
        """One of the chat's messages is settled."""
        of_chat, held = self.lanes.length(("chat", chat_id)), self.lanes.waiting
        catches_up = chat_id in self._left.chats and of_chat <= self._bounds.of_a_chat / 2
        if catches_up or (self._left.of_any_chat and held <= self._bounds.held / 2):
            self.loop.wake()

    def _submit(self, due: Due) -> None:
        chat_id = due.message.chat_id
        if self._assignment.of(str(chat_id)) is None or due.row_id in self._taken:
            return
        self._taken.add(due.row_id)

        async def deliver() -> None:
            try:
                with bound_contextvars(correlation_id=due.correlation_id):
                    await self._deliver(due)
            finally:
                self._make_room(chat_id)

        self.lanes.submit(_lane_of(due), deliver)

    async def _deliver(self, due: Due) -> None:
        """Until Telegram has taken the message, or has refused it for good; or until it is another
        process's.

        In its place before what came later, also where the partition is ours anew by then; unless
        another process has sent it meanwhile, which ``find`` has seen before it became ours.
        """
        while due.row_id in self._taken:
            lease = self._assignment.of(str(due.message.chat_id))
            if lease is None:
                self._taken.discard(due.row_id)
                return
            try:
                with lease:
                    await self._settle(lease, due)
            except LeaseLost:
                continue
            return

    async def _settle(self, lease: Lease, due: Due) -> None:
        """Raises LeaseLost."""
        try:
            sent_id = await self._delivery.until_taken(lease, due)
        except GivenUp as error:
            await self._outcomes.given_up(due, error)
        except OutcomeUnknown as error:
            self._outcomes.uncertain(due, error.message)
        except TelegramAPIError as error:
            await self._outcomes.refused(due, error)
        except MessageUnreadable:
            self._outcomes.unreadable(due)
        else:
            self._outcomes.sent(due, sent_id)


def _lane_of(due: Due) -> Lane:
    if policy_of(due.message.method).alone:
        return "row", due.row_id
    return "chat", due.message.chat_id


def _lane_failed(lane: Lane, error: Exception) -> None:
    log.error("message.lost", lane=lane, exc_info=error)
