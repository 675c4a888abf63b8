"""Sends committed messages to Telegram, in order for each chat."""

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
from yabot.bot.lost_updates import REST
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

# Seconds between two looks into SQL for messages of which ``notice`` was not told: where other
# processes commit messages too, most are found in this way.
LOOK_EVERY_ALONE = 30.0
LOOK_EVERY = 0.5

# Jobs of one lane run one after another: those of a chat, or a call by its row.
Lane = tuple[Literal["chat", "row"], int]


class Sender:
    """Sends each message at least once; after a crash between sending and marking, once more.

    One process at a time sends to a chat.
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
        rest: float = REST,
    ) -> None:
        """Without ``limits``, as in the playground, messages go out as fast as they are taken.

        ``tell`` publishes events that belong to no user. ``clock`` tells how old messages are. A
        message that was lost to an error of ours is looked for again after ``rest`` seconds.
        """
        marks = Marks(database)
        self._rest = rest
        self._calls = Calls()
        self._delivery = Delivery(bot, limits, self._calls, marks, clock or TrustedClock())
        self._outcomes = Outcomes(marks, failed_messages, on_blocked, tell)
        self._database = database
        self._assignment = assignment
        self._bounds = bounds
        self._unsent = Unsent(database, assignment, bounds.of_a_chat)
        self._unreadable = UnreadableMessages(database, assignment.partition_of)
        self.lanes: Lanes[Lane] = Lanes(None, _lane_failed)
        # Finds rows whose commit's confirmation was lost, or that another process has committed.
        every = LOOK_EVERY_ALONE if assignment.is_sole else LOOK_EVERY
        self.loop = WakingLoop("messages", self.resume, every)
        # Rows that are being sent, or were sent so recently that their mark may not be written yet.
        self._taken: set[int] = set()
        # One look at a time: otherwise a look could drop rows from ``_taken`` that another look has
        # found waiting and that were sent since.
        self._looking = asyncio.Lock()
        self._left = LeftInSql()
        # The messages left since the last look into SQL began, which may have missed them.
        self._left_since = self._left

    def notice(self, committed: Committed) -> None:
        """Send a commit's messages, except those that ``resume`` has already found."""
        now, cause_id = utc_now(), committed.cause.correlation_id
        for row_id, message in committed.messages:
            if self._has_room_for(message):
                self._submit(Due(row_id, message, cause_id, now))
            else:
                self._leave(message.chat_id)

    async def resume(self) -> None:
        """Send what waits in SQL and is not being sent yet, as far as there is room.

        Raises StoreUnavailable.
        """
        self._left_since = LeftInSql()
        portion = await self.find(self._assignment.partitions)
        self._left = self._left_since
        self.take(portion)

    async def find(self, partitions: Collection[int]) -> Portion:
        """The first messages that wait in these partitions and are not being sent.

        Raises StoreUnavailable.
        """
        async with self._looking:
            taken, room = frozenset(self._taken), max(0, self._bounds.held - self.lanes.waiting)
            portion = await self._unsent.first(room, partitions, taken)
            self._taken -= taken - portion.still_waiting
            return portion

    async def try_unreadable_again(self, partitions: Collection[int]) -> None:
        """Let messages that another version could not read wait again, if this one can read them.

        Raises StoreUnavailable.
        """
        await self._unreadable.try_again(partitions)

    def take(self, portion: Portion) -> None:
        self._left.chats |= portion.chats_with_more
        self._left.of_any_chat |= not portion.is_all
        for due in portion.due:
            if self.lanes.waiting >= self._bounds.held:
                # Other messages have come in since the look.
                self._left.of_any_chat = True
                return
            self._submit(due)

    async def until_recorded(self, chat_id: int) -> None:
        """Wait until SQL has the ids of all messages in the chat, including those just being sent.

        Raises StoreUnavailable.
        """
        await self._calls.until_answered(chat_id)
        await self._database.flush()

    async def owes_too_much(self, chat_id: int) -> bool:
        """Whether too many messages wait for the chat to add more. Raises StoreUnavailable."""
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
        """Leave a message in SQL until there is room."""
        is_full = self.lanes.waiting >= self._bounds.held
        for left in (self._left, self._left_since):
            left.chats.add(chat_id)
            left.of_any_chat |= is_full

    def _make_room(self, chat_id: int) -> None:
        """A message of the chat is settled: look for more if there is enough room now."""
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
            except Exception:
                # A later look finds the row again: the cause may be mended by then.
                loop = asyncio.get_running_loop()
                loop.call_later(self._rest, self._taken.discard, due.row_id)
                raise
            finally:
                self._make_room(chat_id)

        self.lanes.submit(_lane_of(due), deliver)

    async def _deliver(self, due: Due) -> None:
        """Return when Telegram has taken the message or refused it for good, or when it is another
        process's.

        The message keeps its place before later ones, even if the partition is lost and assigned
        again; unless another process has sent it meanwhile, which ``find`` notices before that.
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
