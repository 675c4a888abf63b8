"""SQLite's reading threads: the reads of one turn of the event loop wake one thread, once.

Waking a thread, and then the loop, costs several times as much as a short read.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine

from yabot.errors import StoreUnavailable
from yabot.storage.relational.database import Statement, store_errors
from yabot.storage.relational.jobs import Job, Outcome, tell
from yabot.storage.relational.sqlite_driver import in_transaction, run_plain

T = TypeVar("T")

# Seconds after which a read counts as long: then other reads no longer wait for it.
LONG = 0.002


class SqliteReads:
    """Each read sees at least what had been committed when it was requested."""

    def __init__(self, engine: Engine, threads: int) -> None:
        self._engine = engine
        self._most = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sqlite-read")
        self._called: list[Future[None]] = []
        # Every thread takes from ``_waiting`` and adds to ``_outcomes``.
        self._waiting: deque[Job] = deque()
        self._outcomes: deque[Outcome] = deque()
        self._is_due = self._is_watched = self._is_closed = False

    async def read(self, query: Statement[T]) -> T:
        if self._is_closed:
            raise StoreUnavailable("SQLite", "it is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(Job(query, future))
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._hand_over, loop)
        return await future

    async def close(self) -> None:
        """Answer all requested reads, then end the threads."""
        self._is_closed = True
        self._hand_over(asyncio.get_running_loop())
        await asyncio.to_thread(self._threads.shutdown)
        self._settle()

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._is_due:
            return
        self._is_due = False
        self._call(loop)
        if not self._is_watched:
            self._is_watched = True
            loop.call_later(LONG, self._relieve, loop)

    def _relieve(self, loop: asyncio.AbstractEventLoop) -> None:
        """Settle finished reads, and hand those that wait for a long one to another thread."""
        # Read before settling. If nothing waited, each thread was at its last read and will settle
        # that itself: no further look is needed, however long the read takes.
        does_anything_wait = bool(self._waiting)
        self._settle()
        self._called = [call for call in self._called if not call.done()]
        if self._waiting and len(self._called) < self._most and not self._is_closed:
            self._call(loop)
        self._is_watched = does_anything_wait
        if self._is_watched:
            loop.call_later(LONG, self._relieve, loop)

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        self._called.append(self._threads.submit(self._answer, loop))

    def _answer(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with store_errors("SQLite"), self._engine.connect() as connection:
                for job in self._taken():
                    self._outcomes.append(_outcome(connection, job))
        except Exception as error:  # noqa: BLE001 - whoever waits is told
            self._outcomes.extend((job, None, error) for job in self._taken())
        loop.call_soon_threadsafe(self._settle)

    def _taken(self) -> Iterator[Job]:
        """The waiting jobs, one by one, until none is left; other threads take from them, too."""
        with suppress(IndexError):
            while True:
                yield self._waiting.popleft()

    def _settle(self) -> None:
        with suppress(IndexError):
            while True:
                outcome = self._outcomes.popleft()
                tell([outcome])


def _outcome(connection: Connection, job: Job) -> Outcome:
    try:
        with store_errors("SQLite"):
            _begin(connection)
            return job, job.work(connection), None
    except Exception as error:  # noqa: BLE001 - whoever has asked is told
        return job, None, error


def _begin(connection: Connection) -> None:
    """Begin a new snapshot: that of an earlier read would lack what was committed since."""
    connection.rollback()
    # Directly by the driver: SQLAlchemy does not see prepared statements, and would neither begin
    # nor end a transaction for them.
    if in_transaction(connection):
        run_plain(connection, "ROLLBACK")
    run_plain(connection, "BEGIN")
