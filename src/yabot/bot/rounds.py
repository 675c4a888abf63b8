"""Looks after this process's share of the work: takes partitions over, and hands them over.

What waits in a partition is read before the first new thing is begun there, so that whatever
happens to a user or in a chat keeps its order through a change of owner.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

from yabot.bot.incoming import Incoming
from yabot.bot.limits import SendLimits
from yabot.bot.pre_checkout import PreCheckoutAnswers
from yabot.bot.processing import UpdateProcessor
from yabot.bot.sender import Sender
from yabot.bot.shares import Share, Shares
from yabot.bot.waiting import Waiting, WaitingUpdates
from yabot.error_text import error_text
from yabot.errors import StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop

log = get_logger(__name__)

# Seconds between two rounds, and so the longest that an update which another process has stored
# waits to be found.
EVERY = 0.5
# With more than so many that wait, the rest is left in SQL.
MOST_AT_ONCE = 1000
# Whoever has received it answers it at once; after this they have not lived to note it.
PRE_CHECKOUT_LEFT_AFTER = timedelta(seconds=30)


class Rounds:
    """The only one that opens and releases partitions; its loop runs while the bot role does."""

    def __init__(
        self,
        shares: Shares,
        updates: WaitingUpdates,
        processor: UpdateProcessor,
        pre_checkout: PreCheckoutAnswers,
        sender: Sender,
        limits: SendLimits | None,
        on_taken_over: Callable[[], None],
    ) -> None:
        """All processes together keep to Telegram's ``limits``: each has its part of them.

        ``on_taken_over`` is called when it has partitions that another process had: it may have
        died behind a commit.
        """
        self._shares = shares
        self._updates = updates
        self._processor = processor
        self._pre_checkout = pre_checkout
        self._sender = sender
        self._limits = limits
        self._on_taken_over = on_taken_over
        self._closing = self._leaving = False
        # Where no other process can store updates there is nothing to be found but at the start:
        # what waits is then read whole, for what comes later is not held against it.
        self._most = None if shares.sole else MOST_AT_ONCE
        self.loop = WakingLoop("shares", self.run_once, EVERY)

    async def begin(self, stored: Sequence[Incoming]) -> None:
        """What this process has just stored: at once if it is its own, behind what others have
        stored of the same users.
        """
        ordinary = [entry for entry in stored if not entry.is_pre_checkout]
        for entry in stored:
            if entry.is_pre_checkout:
                self._pre_checkout.submit(entry)
        if not self._shares.sole:
            ordinary = [entry for entry in ordinary if self._shares.owns(entry.lane)]
            try:
                self._take_up(await self._updates.before(ordinary))
            except StoreUnavailable as error:
                # The next round finds all of them, in their order.
                log.warning("updates.left_for_next_round", reason=str(error))
                return
        for entry in ordinary:
            self._processor.submit(entry)

    async def run_once(self) -> None:
        """Raises StoreUnavailable."""
        if self._leaving:
            return
        fresh = await self._shares.refresh()
        await self._shares.release(self._shares.to_hand_over())
        if self._closing:
            return
        if fresh:
            await self._take_over(fresh)
        elif not self._shares.sole:
            self._take_up(await self._find(self._shares.partitions))
        if self._limits is not None and self._shares.fraction:
            self._limits.take(self._shares.fraction)

    def close(self) -> None:
        """Take nothing over or up any more; what is ours stays so until ``leave``."""
        self._closing = True

    async def leave(self, seconds: float) -> None:
        """Let others go on at once."""
        self._leaving = True
        await self.loop.finish(seconds)
        try:
            async with asyncio.timeout(seconds):
                if self._shares.sole:
                    await self._updates.excuse_attempt(self._shares.partitions)
                await self._shares.leave()
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("shares.not_handed_over", reason=error_text(error))

    async def _take_over(self, fresh: Sequence[Share]) -> None:
        orphans = [share.partition for share in fresh if share.orphaned]
        await self._updates.count_attempt(orphans)
        partitions = [share.partition for share in fresh]
        messages = await self._sender.find(partitions)
        updates = await self._find(partitions)
        self._shares.open(fresh)
        self._sender.take(messages)
        self._take_up(updates)
        if not self._shares.sole:
            # Also what has been committed between the look and the opening.
            self._on_taken_over()

    async def _find(self, partitions: Sequence[int]) -> list[Waiting]:
        return await self._updates.find(partitions, self._processor.under_way, self._most)

    def _take_up(self, found: Sequence[Waiting]) -> None:
        for each in found:
            if each.is_given_up or not each.incoming.is_pre_checkout:
                self._processor.submit(each.incoming, given_up=each.is_given_up)
            elif self._shares.sole or each.age > PRE_CHECKOUT_LEFT_AFTER:
                self._pre_checkout.submit(each.incoming)
