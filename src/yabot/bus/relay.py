"""Brings committed events from the log to Redis: each once, in the order of its partition."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterable, Mapping
from time import monotonic
from typing import Any, TypeVar

from yabot.bus import outbox
from yabot.bus.marks import MARK_AFTER
from yabot.bus.outbox import Progress
from yabot.bus.publisher import FIRST_PAUSE, Publisher
from yabot.bus.streams import Streams
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry
from yabot.log.commit_log import Committed
from yabot.runtime.loops import WakingLoop
from yabot.storage.relational.database import Database

SWEEP_SECONDS = 5.0

T = TypeVar("T")
# What is to be done, by partition.
Work = Mapping[int, Coroutine[Any, Any, T]]


class Relay:
    """Partitions do not wait for each other: one whose Cluster node is away is left for the next
    round, and the others go on.
    """

    def __init__(
        self,
        database: Database,
        streams: Streams,
        *,
        sweep_seconds: float = SWEEP_SECONDS,
        first_pause: float = FIRST_PAUSE,
        mark_after: float = MARK_AFTER,
    ) -> None:
        self._database = database
        self._streams = streams
        self._publisher = Publisher(
            database, streams, self.look_again, first_pause=first_pause, mark_after=mark_after
        )
        # What this process has committed since the last batch.
        self._fresh: dict[int, list[Entry]] = defaultdict(list)
        # Any stream may lack events: at the start, and after any failure.
        self._behind = True
        # The partitions that could not be brought up to date last time, and why.
        self._failed: dict[int, StoreUnavailable] = {}
        self._sweep_seconds = sweep_seconds
        self._looked_at = 0.0
        self._sweeps = 0
        self._running = False
        self.loop = WakingLoop("relay", self.run_once, sweep_seconds)
        self.loop.on_finished = self._publisher.marks.write

    def notice(self, committed: Committed) -> None:
        if not committed.events:
            return
        # A relay that is behind will find these events in SQL: memory stays bounded.
        if not self._behind:
            for entry in committed.events:
                if entry.partition not in self._failed:
                    self._fresh[entry.partition].append(entry)
        if self._a_pause_holds_them_up():
            # The pause after a failure is for the partitions that have failed.
            self.loop.retry()
        self.loop.wake()

    def look_again(self) -> None:
        """Look into SQL and Redis: ``notice`` may have missed events, Redis may have lost some."""
        self._behind = True
        self.loop.wake()

    async def run_once(self) -> None:
        """Publish all that is committed, wherever Redis takes it.

        Raises StoreUnavailable when some partition fails, StreamAhead; nothing is lost.
        """
        self._running = True
        try:
            if self._should_look():
                await self._catch_up()
            while self._fresh:
                await self._send_fresh()
        except BaseException:
            # The pause that follows is for all partitions, and then all are looked at.
            self._behind = True
            self._failed.clear()
            raise
        finally:
            self._running = False
        if self._failed:
            raise next(iter(self._failed.values()))

    def _a_pause_holds_them_up(self) -> bool:
        """Whether a pause would delay events. A running round sends fresh ones itself; those that
        have to be looked for wait for the next round.
        """
        if self._running:
            return self._behind
        return bool(self._failed) and (self._behind or bool(self._fresh))

    def _should_look(self) -> bool:
        due = monotonic() - self._looked_at >= self._sweep_seconds
        # While fresh events of other partitions wait, failed partitions wait for the next sweep.
        return self._behind or due or (bool(self._failed) and not self._fresh)

    async def _send_fresh(self) -> None:
        """Without what came for a partition while it was failing: it is found in SQL later, and the
        others do not wait for one more time-out.
        """
        batches, self._fresh = self._fresh, defaultdict(list)
        deliver = self._publisher.deliver
        await self._send({n: deliver(n, batches[n]) for n in batches.keys() - self._failed.keys()})

    async def _catch_up(self) -> None:
        """Compare streams with the log: they may lack events that another relay has not sent, or
        that Redis has lost unnoticed.
        """
        self._looked_at = monotonic()
        every, self._behind = self._behind, False
        # Later commits come by ``notice``; the reads below find all earlier ones.
        self._fresh.clear()
        progress = await self._database.read(outbox.progress)
        asked = progress if every else self._doubtful(progress)
        stand = await self._all({n: self._streams.position(n) for n in asked})
        ahead = {n for n, pos in stand.items() if pos > progress[n].last}
        # Streams ahead come first: if they raise, nothing is sent to the others, because two
        # histories must not be mixed.
        for partitions in (ahead, stand.keys() - ahead):
            await self._send({n: self._align(n, progress[n], stand[n]) for n in partitions})

    def _doubtful(self, progress: Mapping[int, Progress]) -> Iterable[int]:
        """The partitions with events that are not known to be in Redis, and those that failed.

        One more is added in turn: if Redis has lost anything there, all will be asked.
        """
        self._sweeps += 1
        turn = self._sweeps % len(progress)
        waiting = {n for n, at in progress.items() if at.last > self._known(n, at)}
        return {turn, *waiting, *self._failed}

    def _known(self, partition: int, at: Progress) -> int:
        """How far the stream has been, as this relay or any other has noted."""
        return max(at.published, self._publisher.marks.reached(partition))

    async def _align(self, partition: int, at: Progress, pos: int) -> None:
        if pos == at.published == at.last:
            self._publisher.marks.see(partition, pos)
        else:
            await self._publisher.require_ours(partition, pos)
            await self._publisher.realign(partition, pos, self._known(partition, at))

    async def _send(self, work: Work[None]) -> None:
        recovered = self._failed.keys() & await self._all(work)
        for partition in recovered:
            del self._failed[partition]
        if recovered:
            # A Redis that was away may have lost entries, in other partitions, too.
            self.look_again()

    async def _all(self, work: Work[T]) -> dict[int, T]:
        """Run ``work`` concurrently; returns the results of partitions that did not fail. Raises
        every error except StoreUnavailable, which is kept in ``_failed``.
        """
        results = await asyncio.gather(*work.values(), return_exceptions=True)
        done: dict[int, T] = {}
        for partition, result in zip(work, results, strict=True):
            if isinstance(result, StoreUnavailable):
                self._failed[partition] = result
            elif isinstance(result, BaseException):
                raise result
            else:
                done[partition] = result
        return done
