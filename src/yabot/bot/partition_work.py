"""Takes up the updates and messages that wait in the partitions of this process.

What waits in a partition is read before the first new thing is begun there, so that whatever
happens to a user or in a chat keeps its order through a change of owner.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from typing_extensions import override

from yabot.bot.incoming import Incoming
from yabot.bot.limits import SendLimits
from yabot.bot.pre_checkout import PreCheckoutAnswers
from yabot.bot.processing import UpdateProcessor
from yabot.bot.sender import Sender
from yabot.bot.waiting import Waiting, WaitingUpdates, Window
from yabot.errors import StoreUnavailable
from yabot.log.assignment import Assignee, Assignment
from yabot.log.lease import Lease
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop

log = get_logger(__name__)

# The readers' group, in SQL.
GROUP = "bot"
# Seconds between two rounds: so long, at most, an update of another process waits to be found.
EVERY = 0.5
# The same where no other process stores updates: then rounds only find what our own handling lost.
EVERY_ALONE = 30.0
# How many waiting updates a round takes up; the rest is left in SQL.
WINDOW = Window(1000, of_one=200)
# The process that received a pre-checkout answers at once. After this long it must have died.
PRE_CHECKOUT_LEFT_AFTER = timedelta(seconds=30)


class PartitionWork(Assignee):
    """Starts and stops the bot's work as partitions are assigned and revoked."""

    def __init__(
        self,
        assignment: Assignment,
        updates: WaitingUpdates,
        processor: UpdateProcessor,
        pre_checkout: PreCheckoutAnswers,
        sender: Sender,
        limits: SendLimits | None,
        on_taken_over: Callable[[], None],
    ) -> None:
        """All processes share Telegram's ``limits``: each uses a part of them.

        ``on_taken_over`` is called after partitions were taken over: the previous owner may have
        died after a commit, before its followers were told.
        """
        self._assignment = assignment
        assignment.assignee = self
        self._updates = updates
        self._processor = processor
        self._pre_checkout = pre_checkout
        self._sender = sender
        self._limits = limits
        self._on_taken_over = on_taken_over
        self._closing = False
        # Where no other process stores updates, only the start finds many. It must read all of
        # them, because later updates are not compared with those left in SQL.
        self._window = None if assignment.is_sole else WINDOW
        every = EVERY_ALONE if assignment.is_sole else EVERY
        self.loop = WakingLoop("rounds", self.run_once, every)

    async def begin(self, stored: Sequence[Incoming]) -> None:
        """Handle what this process has just stored, if it owns the partition; but first what other
        processes have stored earlier for the same users.
        """
        ordinary = [entry for entry in stored if not entry.is_pre_checkout]
        for entry in stored:
            if entry.is_pre_checkout:
                self._pre_checkout.submit(entry)
        ordinary = [entry for entry in ordinary if self._assignment.get(entry.partition)]
        followers = [entry for entry in ordinary if self._may_follow_others(entry)]
        if followers:
            try:
                self._take_up(await self._updates.before(followers))
            except StoreUnavailable as error:
                # The next round finds all of these updates, in their order.
                log.warning("updates.left_for_next_round", reason=str(error))
                return
        for entry in ordinary:
            self._processor.submit(entry)

    def start(self) -> None:
        self._assignment.start()
        self.loop.start()

    async def run_once(self) -> None:
        """Raises StoreUnavailable."""
        if not self._closing:
            found = await self._find(self._assignment.partitions)
            resting = self._processor.lost.resting
            self._take_up(
                [
                    each
                    for each in found
                    if each.incoming.is_pre_checkout or each.incoming not in resting
                ]
            )
            self._share_limits()

    @override
    async def assigned(self, leases: Sequence[Lease]) -> None:
        await self._count_attempt([lease for lease in leases if lease.orphaned])
        partitions = [lease.partition for lease in leases]
        self._processor.lost.forget(partitions)
        await self._sender.try_unreadable_again(partitions)
        messages = await self._sender.find(partitions)
        updates = await self._find(partitions)
        for lease in leases:
            lease.open()
        self._sender.take(messages)
        self._take_up(updates)
        self._share_limits()
        if not self._assignment.is_sole:
            # Followers also look for what was committed between the reads and the opening.
            self._on_taken_over()

    async def _count_attempt(self, orphans: Sequence[Lease]) -> None:
        """Once, even if a later step fails, or this one is cut off: it goes on in its thread."""
        for lease in orphans:
            lease.orphaned = False
        try:
            await self._updates.count_attempt([lease.partition for lease in orphans])
        except Exception:
            for lease in orphans:
                lease.orphaned = True
            raise

    @override
    async def revoked(self, leases: Sequence[Lease]) -> None:
        if self._assignment.is_sole:
            await self._updates.excuse_attempt([lease.partition for lease in leases])

    def close(self) -> None:
        """Start nothing new. Partitions that are ours remain so until ``leave``."""
        self._closing = True
        self._assignment.take_no_more()

    async def leave(self, seconds: float) -> None:
        """Release the partitions, so that other processes can continue at once."""
        await self.loop.finish(seconds)
        await self._assignment.leave(seconds)

    def _may_follow_others(self, entry: Incoming) -> bool:
        """Whether SQL may hold earlier updates of the same reader that are in no lane here."""
        return not self._assignment.is_sole or self._processor.lost.is_in(entry.lane)

    def _share_limits(self) -> None:
        if self._limits is not None and self._assignment.partitions:
            self._limits.take(self._assignment.fraction)

    async def _find(self, partitions: Sequence[int]) -> list[Waiting]:
        return await self._updates.find(partitions, self._processor.under_way, self._window)

    def _take_up(self, found: Sequence[Waiting]) -> None:
        for each in found:
            if each.is_given_up or not each.incoming.is_pre_checkout:
                self._processor.submit(
                    each.incoming, given_up=each.is_given_up, alone=each.is_suspect
                )
            elif self._assignment.is_sole or each.age > PRE_CHECKOUT_LEFT_AFTER:
                self._pre_checkout.submit(each.incoming)
