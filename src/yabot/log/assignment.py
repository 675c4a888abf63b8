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
    """Does a group's work in its partitions. The ``Assignment`` makes one call at a time.

    The assignee works in a partition only between ``assigned`` and ``revoked``, ``with`` the lease.
    A lease may also be lost because SQL was away for too long or this process stood still: then it
    is closed, ``revoked`` is not called, and the next owner goes on from what is committed.
    """

    async def assigned(self, leases: Sequence[Lease]) -> None:
        """Prepare to work in these partitions: read what waits, and where to go on from.

        This process holds the leases, but they are not open yet. They open when this method
        returns, or earlier if it calls ``lease.open()``: to submit what it has read before new work
        can start.

        The method may wait for stores; the leases are renewed meanwhile. It is cancelled when a
        pending lease is revoked or lost. What it raises is logged and shown in health, and the
        leases that are still pending are assigned again, after growing pauses.
        """

    async def revoked(self, leases: Sequence[Lease]) -> None:
        """Record what the next owner goes on from: the partitions are released when this returns.

        No work starts there any more; running work has ended, or has had ``FINISH_SECONDS`` to end.
        This method has at most as long. If it takes longer or fails, the partitions are released
        all the same. Only after StoreUnavailable is it called again: SQL could not take the release
        either.
        """


class Assignment:
    """Keeps the leases of one group, and lets the ``assignee`` know when they come and go.

    It has two loops, so that a slow assignee costs no lease.
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
        # By partition: leases that are pending, open, or closed and not yet released.
        self._held: dict[int, Lease] = {}
        # Held by a renewal and by a release, so that no renewal grants what was just released.
        self._store = asyncio.Lock()
        # Set when a lease that is being assigned is closed.
        self._interrupted = asyncio.Event()
        self._takes_more, self._takes_part = True, True
        # A lease outlives two renewals that fail.
        every = LONG if self.is_sole else min(every, leases.lease_seconds / 3)
        self.renewals = WakingLoop(f"leases of {group}", self.renew, every)
        self.renewals.pauses = lambda: repeat(every)
        self.changes = WakingLoop(f"partitions of {group}", self.rebalance, every)

    @property
    def loops(self) -> tuple[WakingLoop, WakingLoop]:
        """Both loops, to be watched by health."""
        return self.renewals, self.changes

    @property
    def is_sole(self) -> bool:
        """Whether no other process can ever take part."""
        return self._leases.lease_seconds == float("inf")

    @property
    def partitions(self) -> list[int]:
        """The open partitions: those in which work may be started."""
        return [lease.partition for lease in self._held.values() if lease.is_open]

    @property
    def fraction(self) -> float:
        """The share of all partitions that are open here, from 0 to 1."""
        return len(self.partitions) / self.count

    def partition_of(self, key: str) -> int:
        return partition_of(key, self.count)

    def of(self, key: str) -> Lease | None:
        """The open lease for a user's or chat's id; None if its partition is not open here."""
        return self.get(self.partition_of(key))

    def get(self, partition: int) -> Lease | None:
        """The open lease of this partition; None if it is not open here."""
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
        """Renew the leases and apply what is granted. Raises StoreUnavailable."""
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
        """Release the revoked leases that are over, then assign the pending ones.

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
        """Assign nothing new. Partitions held here stay until ``leave``, or until revoked."""
        self._takes_more = False
        self._interrupted.set()

    async def leave(self, seconds: float) -> None:
        """Release all partitions and leave the group, within ``seconds``.

        Work that still runs cannot commit once another process has taken over. If SQL does not take
        the release in time, other processes wait until the leases have run out.
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
        """Apply what a renewal has granted; the leases that stay are extended ``until`` then."""
        for lease in self._held.values():
            if granted.tokens.get(lease.partition) != lease.token:
                self._lose(lease)
        # A lease that has run out begins anew, even if nobody else has had the partition.
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
            # Assign again, without the leases that were closed.
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
            # Release all the same: a missing note costs the next owner some work, a missing release
            # would keep it from starting.
            log.exception("partitions.not_written_down", group=self.group)

    def _tell(self, granted: Granted | None) -> None:
        self._measure()
        for listener in self.on_renewal:
            listener(granted)

    def _measure(self) -> None:
        PARTITIONS_OWNED.labels(self.group).set(len(self.partitions))


def _numbers(leases: Iterable[Lease]) -> list[int]:
    return [lease.partition for lease in leases]
