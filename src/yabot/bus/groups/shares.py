"""The partitions of a group in which this process works: taking, keeping and handing them over."""

import asyncio
from collections.abc import Iterable, Iterator

from yabot.bus.groups.pace import USUAL, Pace
from yabot.bus.groups.positions import advance, log_ends, positions_of
from yabot.bus.groups.progress import Progress
from yabot.log.leases import Leases
from yabot.observability.logging import get_logger
from yabot.observability.metrics import PARTITIONS_OWNED
from yabot.storage.relational.database import Database

log = get_logger(__name__)


class Shares:
    def __init__(self, group: str, database: Database, leases: Leases, pace: Pace = USUAL) -> None:
        self._group = group
        self._mark_after = pace.mark_after
        self._database = database
        self._leases = leases
        self._held: dict[int, Progress] = {}
        self._marking: asyncio.TimerHandle | None = None

    def __iter__(self) -> Iterator[Progress]:
        return iter(list(self._held.values()))

    def get(self, partition: int) -> Progress | None:
        return self._held.get(partition)

    async def refresh(self) -> list[Progress]:
        """Begin with what is newly ours, and give those; leave what is another's, hand over what
        is to be. Raises StoreUnavailable.
        """
        holdings = await self._leases.renew(self._group)
        for progress in self:
            if holdings.tokens.get(progress.partition) != progress.token:
                self.drop(progress)
        for partition in holdings.revoked & self._held.keys():
            self._held[partition].close()
        fresh = {n: t for n, t in holdings.tokens.items() if n not in self._held}
        # What could not be begun when it was taken, and is to be another's by now.
        spare = {n: fresh.pop(n) for n in holdings.revoked & fresh.keys()}
        # Only now: what is released here is not to be begun with the token it had.
        await self._hand_over([progress for progress in self if progress.is_over])
        await self._leases.release(self._group, spare)
        begun = await self._begin(fresh)
        PARTITIONS_OWNED.labels(self._group).set(len(self._held))
        return begun

    def drop(self, progress: Progress) -> None:
        """It is another's: what still runs there will find that out."""
        progress.close()
        if self._held.get(progress.partition) is progress:
            del self._held[progress.partition]
            log.info("partition.left", group=self._group, partition=progress.partition)

    def close(self) -> None:
        """Take nothing more on."""
        for progress in self:
            progress.close()

    async def leave(self) -> None:
        """Others may go on from here. Raises StoreUnavailable."""
        await self._database.write(advance(self._group, _settled(self)))
        await self._leases.leave(self._group)

    def mark_soon(self) -> None:
        if self._marking is None:
            self._marking = asyncio.get_running_loop().call_later(self._mark_after, self._mark)

    def _mark(self) -> None:
        self._marking = None
        moved = [progress for progress in self if progress.settled > progress.marked]
        for progress in moved:
            # It is kept until it is durable.
            progress.marked = progress.settled
        if moved:
            self._database.write_later(advance(self._group, _settled(moved)))

    async def _begin(self, tokens: dict[int, int]) -> list[Progress]:
        if not tokens:
            return []
        positions = await self._database.read(positions_of(self._group))
        ends = await self._database.read(log_ends)
        begun = [
            Progress(
                n,
                token,
                settled=positions.get(n, ends[n]),
                handled_before=ends[n],
                check=self._leases.check(self._group, n, token),
            )
            for n, token in sorted(tokens.items())
        ]
        self._held.update((progress.partition, progress) for progress in begun)
        log.info("partitions.taken", group=self._group, partitions=sorted(tokens))
        return begun

    async def _hand_over(self, done: list[Progress]) -> None:
        if not done:
            return
        await self._database.write(advance(self._group, _settled(done)))
        await self._leases.release(self._group, _tokens(done))
        for progress in done:
            self.drop(progress)


def _settled(shares: Iterable[Progress]) -> dict[int, int]:
    return {progress.partition: progress.settled for progress in shares}


def _tokens(shares: Iterable[Progress]) -> dict[int, int]:
    return {progress.partition: progress.token for progress in shares}
