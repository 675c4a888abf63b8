"""The partitions of a group in which this process works: assigned, kept, revoked, lost."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat

from yabot.clock import uptime
from yabot.error_text import error_text
from yabot.errors import StoreUnavailable
from yabot.events.partition import partition_of
from yabot.log.lease import FINISH_SECONDS, Lease
from yabot.log.leases import RENEW_EVERY, Granted, Leases
from yabot.observability.logging import get_logger
from yabot.observability.metrics import PARTITIONS_OWNED
from yabot.runtime.loops import WakingLoop
from yabot.runtime.stopping import finished_before

log = get_logger(__name__)

# Seconds between two renewals where nothing can change.
LONG = 3600.0


class Assignee:
    """Whoever works in the partitions of a group. Its ``Assignment`` makes one call at a time.

    It works in a partition only between the two calls, ``with`` its lease. A lease may also be lost
    without a word, because SQL was away for too long or this process stood still: then it is
    closed, ``revoked`` is not called, and whoever has the partition next goes on from what is
    committed.
    """

    async def assigned(self, leases: Sequence[Lease]) -> None:
        """Make ready to work there: read what waits, and where to go on from.

        The leases are this process's and not open yet. They are open when this returns, or as soon
        as it calls ``lease.open()``: where nothing new may be begun before what was read.

        It may wait for stores, while the leases are kept; it is cancelled when one of them is
        revoked or lost meanwhile. Whatever it raises is logged and shows in health, and those that
        are not open are assigned again, after growing pauses.
        """

    async def revoked(self, leases: Sequence[Lease]) -> None:
        """Write down what an heir goes on from: the partitions are released when this returns.

        Nothing is begun there any more, and what ran has ended, or has had ``FINISH_SECONDS`` for
        it. This has as long; then they are released all the same, and so they are if it fails. Only
        behind StoreUnavailable it is called again, for nobody could be told of a release.
        """


class Assignment:
    """Keeps the leases of one group, and lets the ``assignee`` know when they come and go.

    Two loops: what the assignee does, however long it takes, must cost no lease.
    """

    def __init__(
        self,
        group: str,
        partitions: int,
        leases: Leases,
        *,
        every: float = RENEW_EVERY,
        now: Callable[[], float] = uptime,
    ) -> None:
        """``partitions`` is their number; ``every`` is the renewal interval in seconds."""
        self.group = group
        self.assignee = Assignee()
        # Told what each renewal has given; None when SQL did not answer.
        self.on_renewal: list[Callable[[Granted | None], None]] = []
        self.count = partitions
        self._leases = leases
        self._now = now
        # By partition: those to be opened, those that are open, and those that come to their end.
        self._held: dict[int, Lease] = {}
        # What is released here must not be taken for what a renewal under way has just given.
        self._store = asyncio.Lock()
        # One of those that are just being assigned is closed.
        self._interrupted = asyncio.Event()
        self._takes_more, self._takes_part = True, True
        # A lease outlives two renewals that fail.
        every = LONG if self.is_sole else min(every, leases.lease_seconds / 3)
        self.renewals = WakingLoop(f"leases of {group}", self.renew, every)
        self.renewals.pauses = lambda: repeat(every)
        self.changes = WakingLoop(f"partitions of {group}", self.rebalance, every)

    @property
    def loops(self) -> tuple[WakingLoop, WakingLoop]:
        """For whoever wants to know how they do."""
        return self.renewals, self.changes

    @property
    def is_sole(self) -> bool:
        """No other process can ever take part."""
        return self._leases.lease_seconds == float("inf")

    @property
    def partitions(self) -> list[int]:
        """The open partitions: those in which work may be started."""
        return [lease.partition for lease in self._held.values() if lease.is_open]

    @property
    def fraction(self) -> float:
        """How much of all the work is this process's."""
        return len(self.partitions) / self.count

    def partition_of(self, key: str) -> int:
        return partition_of(key, self.count)

    def of(self, key: str) -> Lease | None:
        """Under which to work for a user or chat, by id; None: it is another process's."""
        return self.get(self.partition_of(key))

    def get(self, partition: int) -> Lease | None:
        """The open one of this partition."""
        lease = self._held.get(partition)
        return lease if lease is not None and lease.is_open else None

    def start(self) -> None:
        self.renewals.start()
        self.changes.start()

    async def run_once(self) -> None:
        """A renewal, and what follows from it. Raises StoreUnavailable, and what the assignee
        raises.
        """
        await self.renew()
        await self.rebalance()

    async def renew(self) -> None:
        """Give a sign of life, and hear what is this process's. Raises StoreUnavailable."""
        if not self._takes_part:
            return
        async with self._store:
            asked = self._now()
            try:
                granted = await self._leases.renew(self.group)
            except StoreUnavailable:
                self._lose_what_has_run_out()
                self._tell(None)
                raise
            self._apply(granted, asked + self._leases.lease_seconds)
        self._tell(granted)
        if not all(lease.is_open for lease in self._held.values()):
            self.changes.wake()

    async def rebalance(self) -> None:
        """Release what is revoked and at its end, then begin with what is newly ours.

        Raises StoreUnavailable, and what the assignee raises.
        """
        if not self._takes_part:
            return
        held = list(self._held.values())
        await self._release([lease for lease in held if lease.is_over and not lease.is_lost])
        if self._takes_more:
            await self._assign([lease for lease in held if lease.is_pending])
        self._measure()

    def take_no_more(self) -> None:
        """What is ours stays so until ``leave``, or until another process is to have it."""
        self._takes_more = False
        self._interrupted.set()

    async def leave(self, seconds: float) -> None:
        """Release everything, and take no part any more; what still runs is refused its commit.

        Where SQL does not take it in time, others wait until the leases have run out.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        self.take_no_more()
        self._takes_part = False
        await asyncio.gather(self.renewals.finish(seconds), self.changes.finish(seconds))
        held = list(self._held.values())
        for lease in held:
            lease.close()
        try:
            async with asyncio.timeout_at(deadline):
                await self._revoke([each for each in held if not each.is_lost], seconds * 0.75)
                await self._leases.leave(self.group)
        except (StoreUnavailable, TimeoutError) as error:
            log.warning("leases.not_released", group=self.group, reason=error_text(error))
        self._held.clear()

    def _apply(self, granted: Granted, until: float) -> None:
        """What a renewal has given, each lease ``until`` then."""
        for lease in self._held.values():
            if granted.tokens.get(lease.partition) != lease.token:
                self._lose(lease)
        # One that has run out begins anew, also where nobody else has had it meanwhile.
        self._lose_what_has_run_out()
        for lease in self._held.values():
            lease.extend(until)
            if lease.partition in granted.revoked:
                self._close(lease)
        self._forget([each for each in self._held.values() if each.is_lost and each.is_over])
        if self._takes_more:
            for partition in sorted(granted.tokens.keys() - self._held.keys()):
                self._held[partition] = self._pending(partition, granted, until)

    def _pending(self, partition: int, granted: Granted, until: float) -> Lease:
        token = granted.tokens[partition]
        lease = Lease(
            partition,
            token,
            self._leases.check(self.group, partition, token),
            orphaned=partition in granted.orphaned,
            until=until,
            now=self._now,
            on_idle=self.changes.wake,
        )
        if partition in granted.revoked:
            lease.close()
        return lease

    def _lose_what_has_run_out(self) -> None:
        for lease in self._held.values():
            if lease.has_run_out:
                self._lose(lease)

    def _lose(self, lease: Lease) -> None:
        self._close(lease)
        lease.lose()

    def _forget(self, lost: Sequence[Lease]) -> None:
        for lease in lost:
            del self._held[lease.partition]
        if lost:
            log.info("partitions.lost", group=self.group, partitions=_numbers(lost))

    def _close(self, lease: Lease) -> None:
        if lease.is_pending:
            self._interrupted.set()
        lease.close()

    async def _assign(self, fresh: Sequence[Lease]) -> None:
        if not fresh:
            return
        self._interrupted.clear()
        if not await finished_before(self._interrupted, self.assignee.assigned(fresh)):
            # Without those that are not to be opened any more.
            self.changes.wake()
            return
        for lease in fresh:
            lease.open()
        log.info("partitions.assigned", group=self.group, partitions=_numbers(fresh))

    async def _release(self, done: Sequence[Lease]) -> None:
        if not done:
            return
        await self._revoke(done, FINISH_SECONDS)
        async with self._store:
            ours = [lease for lease in done if not lease.is_lost]
            tokens = {lease.partition: lease.token for lease in ours}
            await self._leases.release(self.group, tokens)
            for lease in ours:
                del self._held[lease.partition]
        log.info("partitions.released", group=self.group, partitions=_numbers(ours))

    async def _revoke(self, leases: Sequence[Lease], seconds: float) -> None:
        """Raises StoreUnavailable."""
        worked_in = [lease for lease in leases if lease.was_opened]
        if not worked_in:
            return
        try:
            async with asyncio.timeout(seconds):
                await self.assignee.revoked(worked_in)
        except StoreUnavailable:
            raise
        except TimeoutError:
            log.warning("partitions.not_written_down", group=self.group, seconds=seconds)
        except Exception:
            # What is missing costs an heir some work; without a release it could not even begin.
            log.exception("partitions.not_written_down", group=self.group)

    def _tell(self, granted: Granted | None) -> None:
        self._measure()
        for listener in self.on_renewal:
            listener(granted)

    def _measure(self) -> None:
        PARTITIONS_OWNED.labels(self.group).set(len(self.partitions))


def _numbers(leases: Iterable[Lease]) -> list[int]:
    return [lease.partition for lease in leases]
