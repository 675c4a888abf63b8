"""Marks that may wait a moment, gathered into one transaction."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import Connection

from yabot.errors import StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.ending import end
from yabot.storage.relational.database import Statement

log = get_logger(__name__)

Mark = Statement[None]
FLUSH_AFTER = 0.02


class LaterWrites:
    """Gathers marks for ``FLUSH_AFTER`` seconds and writes them in one transaction.

    While SQL is away the marks are kept, and tried again with growing pauses.
    """

    def __init__(self, write: Callable[[Mark], Awaitable[None]]) -> None:
        self._write = write
        self._marks: list[Mark] = []
        self._writing = asyncio.Lock()
        self._flusher: asyncio.Task[None] | None = None
        self._closed = False

    def add(self, mark: Mark) -> None:
        """Write ``mark`` soon. After ``close`` it is dropped: the next start sets it."""
        if self._closed:
            return
        self._marks.append(mark)
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush_soon())

    async def flush(self) -> None:
        """Write the marks that wait now, after those that are being written.

        Raises StoreUnavailable, and then keeps the marks.
        """
        async with self._writing:
            await self._write_waiting()

    async def close(self) -> None:
        """A last flush; what cannot be written now is marked again after the next start."""
        self._closed = True
        if self._flusher is not None:
            await end([self._flusher])
        try:
            await self.flush()
        except StoreUnavailable as error:
            log.warning("marks.left", marks=len(self._marks), reason=str(error))

    async def _write_waiting(self) -> None:
        marks, self._marks = self._marks, []
        if not marks:
            return

        def write_all(connection: Connection) -> None:
            for mark in marks:
                mark(connection)

        try:
            await self._write(write_all)
        except BaseException:
            self._marks[:0] = marks
            raise

    async def _flush_soon(self) -> None:
        pauses = backoff()
        pause = FLUSH_AFTER
        while self._marks:
            await asyncio.sleep(pause)
            try:
                await self.flush()
                pause = FLUSH_AFTER
            except StoreUnavailable as error:
                pause = next(pauses)
                log.warning("marks.waiting", marks=len(self._marks), reason=str(error))
            except Exception:
                # A flusher that ends would keep all later marks waiting for good.
                pause = next(pauses)
                log.exception("marks.failed", marks=len(self._marks))
        self._flusher = None
