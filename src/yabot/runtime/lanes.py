"""Runs work in order for each key, concurrently across keys, with a bound on running jobs."""

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from yabot.runtime.ending import end
from yabot.runtime.interruption import uninterrupted

K = TypeVar("K")
Job = Callable[[], Awaitable[None]]


class Lanes(Generic[K]):
    """Jobs of one key run one after another, in the order given; other keys never wait for them.

    At most ``in_flight`` jobs run at a time; with None, one for each key. A job handles its own
    errors: if it raises anyway, ``on_error`` is called and its lane goes on.
    """

    def __init__(
        self,
        in_flight: int | None,
        on_error: Callable[[K, Exception], None],
        share: int = sys.maxsize,
    ) -> None:
        """``share``: at most this many jobs of one key count towards ``crowd``."""
        self._share = share
        self._slots = None if in_flight is None else asyncio.Semaphore(in_flight)
        self._on_error = on_error
        self._waiting: dict[K, deque[Job]] = {}
        self._tasks: dict[K, asyncio.Task[None]] = {}
        # Jobs not finished, those that run included.
        self.waiting = 0
        # The same, but at most ``share`` jobs of each key count.
        self.crowd = 0
        self._finished = asyncio.Event()

    def submit(self, key: K, job: Job) -> None:
        self.waiting += 1
        queue = self._waiting.get(key)
        if queue is not None:
            queue.append(job)
            self.crowd += len(queue) <= self._share
            return
        self.crowd += 1
        self._waiting[key] = deque([job])
        self._tasks[key] = asyncio.create_task(self._run(key))

    def length(self, key: K) -> int:
        """How many jobs of the key are not finished."""
        return len(self._waiting.get(key, ()))

    async def until_at_most(self, crowd: int, jobs: int = sys.maxsize) -> None:
        """Wait until the crowd is no larger, and no more than ``jobs`` are waiting."""
        while self.crowd > crowd or self.waiting > jobs:
            self._finished.clear()
            await self._finished.wait()

    async def drain(self, seconds: float) -> bool:
        """Wait for every lane to empty; False when ``seconds`` passed first."""
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.wait(self._tasks.values())
        except TimeoutError:
            return False
        return True

    async def cancel(self) -> None:
        """End what still runs and forget the rest, also what is submitted meanwhile."""
        while not all(lane.done() for lane in self._tasks.values()):
            await end(self._tasks.values())
        self._tasks.clear()
        self._waiting.clear()
        self.waiting = self.crowd = 0
        self._finished.set()

    async def _run(self, key: K) -> None:
        queue = self._waiting[key]
        while queue:
            if self._slots is None:
                await self._attempt(key, queue[0])
            else:
                async with self._slots:
                    await self._attempt(key, queue[0])
            self.crowd -= len(queue) <= self._share
            queue.popleft()
            self.waiting -= 1
            self._finished.set()
        del self._waiting[key], self._tasks[key]

    async def _attempt(self, key: K, job: Job) -> None:
        """Run a job so that the lane outlives it, also if what it awaited was cancelled."""
        try:
            await uninterrupted(job())
        except Exception as error:  # noqa: BLE001 - told to whoever made the lanes
            self._on_error(key, error)
