"""SQLite's reading threads: to wake one costs more than most reads, so it takes all that wait."""

import asyncio
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection, Engine

from yabot.storage.relational.database import Statement, store_errors
from yabot.storage.relational.jobs import Job, Outcome, tell
from yabot.storage.relational.sqlite_driver import run_plain

T = TypeVar("T")

# Seconds after which those that were read first are told, and need not wait for the others.
LONG = 0.001


class SqliteReads:
    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sqlite-read")
        self._waiting: deque[Job] = deque()
        # Whether a thread is on its way that has not looked yet at what waits.
        self._is_called = False

    async def read(self, query: Statement[T]) -> T:
        """On a snapshot that has all of what was committed before the call."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Job(query, future))
        if not self._is_called:
            self._is_called = True
            self._threads.submit(self._run_waiting, loop)
        return await future

    def close(self) -> None:
        """When all that was asked has been read."""
        self._threads.shutdown()

    def _run_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        # Whoever asks from now on calls another thread: this one may be held up by a long read.
        self._is_called = False
        while self._waiting:
            outcomes: list[Outcome] = []
            try:
                with store_errors("SQLite"), self._engine.connect() as connection:
                    self._run_some(connection, outcomes)
            except Exception as error:  # noqa: BLE001 - whoever waits is told
                outcomes += [(job, None, error) for job in self._take()]
            loop.call_soon_threadsafe(tell, outcomes)

    def _run_some(self, connection: Connection, outcomes: list[Outcome]) -> None:
        """Until one fails, behind which the connection is not used any more, or it takes long."""
        began = monotonic()
        for job in self._take():
            outcomes.append(_run(connection, job))
            if outcomes[-1][2] is not None or monotonic() - began > LONG:
                break

    def _take(self) -> Iterator[Job]:
        """Other threads take from the same."""
        while self._waiting:
            try:
                yield self._waiting.popleft()
            except IndexError:
                return


def _run(connection: Connection, job: Job) -> Outcome:
    try:
        with store_errors("SQLite"):
            # By the driver: prepared statements pass SQLAlchemy by, and it would not begin.
            run_plain(connection, "BEGIN")
            result = job.work(connection)
            # Else the next one would see what this one has seen.
            run_plain(connection, "ROLLBACK")
    except Exception as error:  # noqa: BLE001 - whoever waits is told
        return job, None, error
    return job, result, None
