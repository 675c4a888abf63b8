"""The bot's part of the program: from Telegram to Telegram."""

import asyncio
from collections.abc import Sequence

from yabot.bot.command_menu import CommandMenu
from yabot.bot.emergency import EmergencyAnswers
from yabot.bot.groups import GroupDoor
from yabot.bot.identity import Identity
from yabot.bot.incoming import Incoming
from yabot.bot.intake import Intake
from yabot.bot.partition_work import PartitionWork
from yabot.bot.pre_checkout import PreCheckoutAnswers
from yabot.bot.processing import UpdateProcessor
from yabot.bot.reading import Received, Unreadable
from yabot.bot.sender import Sender
from yabot.bot.source import UpdateSource
from yabot.bot.unreadable_updates import UnreadableUpdates
from yabot.errors import StoreUnavailable
from yabot.log.assignment import Assignment
from yabot.observability.logging import get_logger
from yabot.observability.metrics import GROUP_TALK
from yabot.runtime.ending import end
from yabot.runtime.loops import WakingLoop

log = get_logger(__name__)

# Seconds that work in progress gets when the program stops.
LAST_SWEEP = 0.5
FINISH_WORK = 2.5
FINISH_PRE_CHECKOUT = 0.5
FINISH_SENDING = 1.5
HAND_OVER = 0.5
# With more updates waiting than MOST_WAITING (of each reader only a share counts), or more than
# MOST_HELD in all, as they are in memory, no more are taken: Telegram keeps them.
MOST_WAITING = 1000
MOST_HELD = 10_000
# Seconds. Resuming has to succeed only once.
SELDOM = 3600.0


class BotRole:
    """Intake, processing and sending of one bot, for the readers in this process's partitions.

    Any process stores updates; the owner of the user's partition handles them and answers.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        source: UpdateSource,
        door: GroupDoor,
        assignment: Assignment,
        intake: Intake,
        emergency: EmergencyAnswers,
        processor: UpdateProcessor,
        pre_checkout: PreCheckoutAnswers,
        sender: Sender,
        partition_work: PartitionWork,
        unreadable: UnreadableUpdates,
        menu: CommandMenu,
    ) -> None:
        self.assignment = assignment
        self._identity = identity
        self._source = source
        self._door = door
        self._intake = intake
        self._emergency = emergency
        self._processor = processor
        self._pre_checkout = pre_checkout
        self._sender = sender
        self._partition_work = partition_work
        self._unreadable = unreadable
        self._menu = menu
        self._resumed = False
        self._resuming = asyncio.Lock()
        self._resumption = WakingLoop("resumption", self._resume_once_known, SELDOM)
        # Deliveries that are being stored.
        self._storing = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def readers_wait(self) -> bool:
        """Whether updates are under way, from their delivery to their commit."""
        return self._storing > 0 or self._processor.lanes.waiting > 0

    async def start(self) -> None:
        """Raises ConfigurationError when the webhook's port is taken."""
        await self._source.start(self._receive)
        self._resumption.start()
        self._tasks = [asyncio.create_task(self._publish_menu(), name="commands")]

    @property
    def loops(self) -> list[WakingLoop]:
        """All loops of the bot, to be watched by health."""
        work = [*self.assignment.loops, self._partition_work.loop, self._sender.loop]
        return [self._resumption, *work]

    def retry(self) -> None:
        """SQL is back: take in updates at once, without waiting for a pause to end."""
        self._source.retry()

    async def stop(self) -> None:
        """Take no more, finish what runs, send what is committed; each within its seconds."""
        await self._source.stop()
        self._partition_work.close()
        await self._resumption.finish(0)
        await end(self._tasks)
        await self._sender.loop.finish(LAST_SWEEP)
        for lanes, seconds in (
            (self._processor.lanes, FINISH_WORK),
            (self._pre_checkout.lanes, FINISH_PRE_CHECKOUT),
            (self._sender.lanes, FINISH_SENDING),
        ):
            if not await lanes.drain(seconds):
                log.warning("work.left_for_next_start", jobs=lanes.waiting)
                await lanes.cancel()
        self._pre_checkout.cancel()
        await self._partition_work.leave(HAND_OVER)

    async def _resume_once_known(self) -> None:
        await self._identity.until_known()
        await self._resume()

    async def _publish_menu(self) -> None:
        await self._identity.until_known()
        await self._menu.publish()

    async def _resume(self) -> None:
        """Take up what an earlier process left, once. Raises StoreUnavailable."""
        async with self._resuming:
            if self._resumed:
                return
            await self.assignment.run_once()
            await self._unreadable.try_again()
            self._sender.loop.start()
            self._partition_work.start()
            self._resumed = True

    async def _receive(self, delivered: Sequence[Received]) -> None:
        """Raises StoreUnavailable, NotIdentified; then Telegram keeps and repeats the updates."""
        self._identity.require()
        received = [entry for entry in delivered if self._is_ours(entry)]
        updates = [entry.update for entry in received if isinstance(entry, Incoming)]
        self._pre_checkout.answer(received)
        self._storing += 1
        try:
            await self._store(received)
        except StoreUnavailable:
            await self._emergency.answer(updates)
            raise
        finally:
            self._storing -= 1
        await self._processor.lanes.until_at_most(MOST_WAITING, MOST_HELD)

    def _is_ours(self, entry: Received) -> bool:
        if isinstance(entry, Unreadable) or self._door.lets_in(entry):
            return True
        GROUP_TALK.inc()
        log.debug("group.talk_passed_over", update_type=entry.kind)
        return False

    async def _store(self, received: Sequence[Received]) -> None:
        if not self._resumed:
            await self._resume()
        due = await self._intake.store(received)
        for entry in due:
            log.debug("update.stored", update_id=entry.update_id)
        await self._partition_work.begin(due)
