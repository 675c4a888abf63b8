"""The partitions whose updates and messages this process works at."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic

from yabot.errors import LeaseLost, StoreUnavailable
from yabot.events.partition import partition_of
from yabot.log.leases import Leases
from yabot.observability.logging import get_logger
from yabot.observability.metrics import PARTITIONS_OWNED
from yabot.storage.relational.database import Statement

log = get_logger(__name__)

GROUP = "bot"
# Whoever has this one does what only one of all processes may do.
LEADING = 0
# Seconds that what runs in a partition gets to end, before another process may go on there.
FINISH_SECONDS = 5.0

Job = Callable[[], Awaitable[None]]


class Share:
    """One partition, from the moment in which this process takes it until it gives it up."""

    def __init__(self, partition: int, token: int, *, orphaned: bool) -> None:
        """``orphaned``: whoever had it before may have died of what waits there."""
        self.partition = partition
        self.token = token
        self.orphaned = orphaned
        # Nothing more may be begun here.
        self.closed = asyncio.Event()
        self._closed_at = 0.0
        self._jobs = 0

    def close(self) -> None:
        if not self.closed.is_set():
            self.closed.set()
            self._closed_at = monotonic()

    @property
    def is_over(self) -> bool:
        """Closed, and nobody need wait any longer for what still runs."""
        if not self.closed.is_set():
            return False
        return self._jobs == 0 or monotonic() - self._closed_at > FINISH_SECONDS

    def counted(self, job: Job) -> Job:
        """``job``, for whose end a hand-over waits."""
        self._jobs += 1

        async def run() -> None:
            try:
                await job()
            finally:
                self._jobs -= 1

        return run


class Shares:
    """Work is begun only under a share that is open. A user's updates, and the messages to their
    chat, belong to one partition.
    """

    def __init__(self, leases: Leases, partitions: int) -> None:
        self._leases = leases
        self.count = partitions
        self._held: dict[int, Share] = {}
        # Given up, or lost, while something may still run there.
        self._ending: dict[int, Share] = {}
        self._has_looked = False
        # Until then nobody else can have what is held.
        self._until = float("-inf")
        # Whether this process leads. Nobody leads, or several do, for moments at most.
        self.leading, self.following = asyncio.Event(), asyncio.Event()
        self.following.set()
        # Called when it begins to lead.
        self.on_leading: list[Callable[[], None]] = []

    @property
    def sole(self) -> bool:
        """No other process can ever take part."""
        return self._leases.lease_seconds == float("inf")

    @property
    def partitions(self) -> list[int]:
        return [share.partition for share in self._held.values() if not share.closed.is_set()]

    @property
    def fraction(self) -> float:
        """How much of all the work is this process's."""
        return len(self._held) / self.count

    def partition_of(self, key: str) -> int:
        return partition_of(key, self.count)

    def of(self, key: str) -> Share | None:
        """Under which share to work for a user or chat, by id; None: it is another process's."""
        share = self._held.get(self.partition_of(key))
        return share if share is not None and self.holds(share) else None

    def owns(self, key: str) -> bool:
        return self.of(key) is not None

    def holds(self, share: Share) -> bool:
        """Whether work may be begun, by this machine's clock alone."""
        if monotonic() > self._until:
            self._lapse()
        return not share.closed.is_set()

    def require(self, share: Share) -> None:
        """Raises LeaseLost when nothing may be begun any more."""
        if not self.holds(share):
            raise LeaseLost(f"partition {share.partition} of '{GROUP}' is not ours any more")

    def check(self, share: Share) -> Statement[None] | None:
        """For each transaction that takes effect there."""
        return self._leases.check(GROUP, share.partition, share.token)

    async def refresh(self) -> list[Share]:
        """Give a sign of life, leave what is another's and close what is to be.

        Gives what is newly ours, to be opened when it is known what waits there. Raises
        StoreUnavailable.
        """
        asked = monotonic()
        try:
            holdings = await self._leases.renew(GROUP)
        except StoreUnavailable:
            self._lead_unless_told()
            raise
        self._has_looked = True
        self._until = asked + self._leases.lease_seconds
        held = list(self._held.values())
        self.drop(share for share in held if holdings.tokens.get(share.partition) != share.token)
        for partition in holdings.revoked & self._held.keys():
            self._held[partition].close()
        self._lead(LEADING in holdings.tokens and LEADING not in holdings.revoked)
        self._forget_ended()
        fresh = {
            number: token
            for number, token in sorted(holdings.tokens.items())
            if number not in self._held and number not in self._ending
        }
        spare = {number: fresh.pop(number) for number in holdings.revoked & fresh.keys()}
        await self._leases.release(GROUP, spare)
        return [Share(n, token, orphaned=n in holdings.orphaned) for n, token in fresh.items()]

    def _lead_unless_told(self) -> None:
        """SQL is away. Before its first word nobody can say who leads, and readers knock: each
        process does what it can."""
        if not self._has_looked:
            self._lead(True)

    def open(self, fresh: Sequence[Share]) -> None:
        """From now on, work is begun there."""
        self._held.update((share.partition, share) for share in fresh)
        self._measure()
        log.info("partitions.taken", group=GROUP, partitions=[share.partition for share in fresh])

    def to_hand_over(self) -> list[Share]:
        return [share for share in self._held.values() if share.is_over]

    async def release(self, shares: Sequence[Share]) -> None:
        """Others may go on there at once. Raises StoreUnavailable."""
        await self._leases.release(GROUP, _tokens(shares))
        self.drop(shares)

    async def leave(self) -> None:
        """Take no part any more. Raises StoreUnavailable."""
        await self._leases.leave(GROUP)
        self.drop(list(self._held.values()))

    def drop(self, shares: Iterable[Share]) -> None:
        """They are another's: what still runs there finds that out with its commit."""
        dropped = [share for share in shares if self._held.get(share.partition) is share]
        for share in dropped:
            share.close()
            del self._held[share.partition]
            self._ending[share.partition] = share
        if dropped:
            left = [share.partition for share in dropped]
            log.info("partitions.left", group=GROUP, partitions=left)
            self._measure()

    def _lapse(self) -> None:
        """For too long nothing was heard of SQL, or this process stood still: others may have
        taken over. What is ours after all is begun anew.
        """
        self.drop(list(self._held.values()))

    def _forget_ended(self) -> None:
        self._ending = {n: share for n, share in self._ending.items() if not share.is_over}

    def _lead(self, leads: bool) -> None:
        if leads == self.leading.is_set():
            return
        log.info("bot.leads" if leads else "bot.follows")
        now, before = (self.leading, self.following) if leads else (self.following, self.leading)
        now.set()
        before.clear()
        if leads:
            for listener in self.on_leading:
                listener()

    def _measure(self) -> None:
        PARTITIONS_OWNED.labels(GROUP).set(len(self._held))


def _tokens(shares: Iterable[Share]) -> dict[int, int]:
    return {share.partition: share.token for share in shares}
