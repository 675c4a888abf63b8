"""A group's position in each of its partitions: read on assignment, saved as it moves."""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from yabot.bus.dead_letters import failures
from yabot.bus.groups.pace import USUAL, Pace
from yabot.bus.groups.positions import advance, log_ends, marks_of
from yabot.bus.groups.progress import Progress
from yabot.bus.outbox import Mark
from yabot.log.lease import Lease
from yabot.storage.relational.database import Database


class Places:
    def __init__(self, group: str, database: Database, pace: Pace = USUAL) -> None:
        self._group = group
        self._database = database
        self._mark_after = pace.mark_after
        # By partition, the newest place.
        self._places: dict[int, Progress] = {}
        self._marking: asyncio.TimerHandle | None = None
        # Whether the feed brings events of a partition as they are published.
        self.is_fed: Callable[[int], bool] = lambda _partition: True
        # Failures so far, in an earlier run or another process, by consumer and event id.
        self.failures: dict[tuple[str, str], int] = {}

    def __iter__(self) -> Iterator[Progress]:
        """The places whose lease is open."""
        return iter([place for place in self._places.values() if place.lease.is_open])

    def get(self, partition: int) -> Progress | None:
        place = self._places.get(partition)
        return place if place is not None and place.lease.is_open else None

    @property
    def taken(self) -> dict[int, int]:
        """By partition, how far events have been taken on."""
        return {place.partition: place.taken for place in self}

    async def find(self, leases: Sequence[Lease]) -> None:
        """Read the places at which to go on. Raises StoreUnavailable."""
        partitions = [lease.partition for lease in leases]
        marks = await self._database.read(marks_of(self._group))
        ends = await self._database.read(log_ends)
        known = await self._database.read(failures.failures_of(self._group, partitions))
        self.failures.update(known)
        for lease in leases:
            end = ends[lease.partition]
            mark = marks.get(lease.partition) or Mark(lease.partition, end, None)
            self._places[lease.partition] = Progress(
                lease,
                # A position beyond the end is from before an older copy of SQL was restored.
                settled=min(mark.pos, end),
                handled_before=end,
                taken_id=mark.event_id,
                is_fed=self.is_fed,
            )

    async def write_down(self, leases: Sequence[Lease]) -> None:
        """Save the positions for the next owner. Raises StoreUnavailable."""
        left = [place for place in self._places.values() if place.lease in leases]
        await self._database.write(advance(self._group, [place.mark for place in left]))

    async def begin_anew(self) -> None:
        """Take on again what is not settled. Raises StoreUnavailable."""
        leases = [place.lease for place in self]
        await self.write_down(leases)
        await self.find(leases)

    def set_no_more_marks(self) -> None:
        """Cancel the next mark: `write_down` has saved the last positions."""
        if self._marking is not None:
            self._marking.cancel()
            self._marking = None

    def mark_soon(self) -> None:
        if self._marking is None:
            self._marking = asyncio.get_running_loop().call_later(self._mark_after, self._mark)

    def _mark(self) -> None:
        self._marking = None
        moved = [place for place in self._places.values() if place.settled > place.marked]
        for place in moved:
            # ``write_later`` keeps the mark until it is durable.
            place.marked = place.settled
        if moved:
            self._database.write_later(advance(self._group, [place.mark for place in moved]))
