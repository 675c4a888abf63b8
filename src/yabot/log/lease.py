"""One partition, from the moment in which this process has it until it gives it up."""

import asyncio
from collections.abc import Callable
from typing import Self

from yabot.errors import LeaseLost
from yabot.storage.relational.database import Statement

# Seconds for running work to end before another process may go on in its partition.
FINISH_SECONDS = 5.0


class Lease:
    """Each piece of work is done ``with`` the lease, and each transaction carries its ``check``.

    ::

        pending ──► open ──► closed: revoked, and given up when nothing runs any more
           └──────────┴────► closed: lost, another process may work there already
    """

    def __init__(
        self,
        partition: int,
        token: int,
        check: Statement[None] | None,
        *,
        orphaned: bool,
        until: float,
        now: Callable[[], float],
        on_idle: Callable[[], None],
    ) -> None:
        """No other process can have the partition before ``until``, by the clock ``now``.
        ``on_idle`` is called when the lease is closed and nothing runs in it any more.
        """
        self.partition = partition
        self.token = token
        # Raises LeaseLost. None where no other process can ever have the partition.
        self.check = check
        # The previous owner has not released the partition, and may have died of what waits there.
        # The assignee resets this once it has recorded that.
        self.orphaned = orphaned
        # Set when no work may start any more: whatever only waits can stop waiting.
        self.closed = asyncio.Event()
        self.was_opened = self.is_lost = False
        self._until = until
        self._now = now
        self._on_idle = on_idle
        self._closed_at = 0.0
        self._running = 0

    @property
    def checks(self) -> list[Statement[None]]:
        """The statements with which each transaction begins."""
        return [] if self.check is None else [self.check]

    @property
    def is_open(self) -> bool:
        """Whether work may start: the lease was opened, and has not run out by our own clock."""
        return self.was_opened and not self.closed.is_set() and not self.has_run_out

    @property
    def is_pending(self) -> bool:
        """Whether the assignee has still to prepare for it."""
        return not self.was_opened and not self.closed.is_set()

    @property
    def has_run_out(self) -> bool:
        """Whether it was not renewed in time."""
        return self._now() >= self._until

    @property
    def is_over(self) -> bool:
        """Whether it is closed, and nothing runs in it or ``FINISH_SECONDS`` have passed: running
        work may wait for a store.
        """
        if not self.closed.is_set():
            return False
        return self._running == 0 or self._now() - self._closed_at > FINISH_SECONDS

    def require(self) -> None:
        """Raises LeaseLost when no work may start any more."""
        if not self.is_open:
            raise LeaseLost(f"partition {self.partition} is not ours any more")

    def open(self) -> None:
        if not self.closed.is_set():
            self.was_opened = True

    def extend(self, until: float) -> None:
        self._until = until

    def close(self) -> None:
        if not self.closed.is_set():
            self._closed_at = self._now()
            self.closed.set()

    def lose(self) -> None:
        """Close it: it has run out or has another owner. Running work finds out when it commits."""
        self.is_lost = True
        self.close()

    def __enter__(self) -> Self:
        """Raises LeaseLost as ``require``."""
        self.require()
        self._running += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._running -= 1
        if kind is not None and issubclass(kind, LeaseLost) and not self.closed.is_set():
            # A commit was refused: another process has the partition.
            self.lose()
        if self._running == 0 and self.closed.is_set():
            self._on_idle()
