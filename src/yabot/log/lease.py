"""One partition, from the moment in which this process has it until it gives it up."""

import asyncio
from collections.abc import Callable
from typing import Self

from yabot.errors import LeaseLost
from yabot.storage.relational.database import Statement

# Seconds that what runs in a partition gets to end, before another process may go on there.
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
        """Nobody else can have it ``until`` then, by the clock ``now``. ``on_idle`` is called when
        it is closed and nothing runs in it any more.
        """
        self.partition = partition
        self.token = token
        # Raises LeaseLost. None where no other process can ever have the partition.
        self.check = check
        # Whoever had it before has not released it, and may have died of what waits there; until
        # its assignee has made a note of that.
        self.orphaned = orphaned
        # Nothing more may be begun. Whatever only waits need wait no longer.
        self.closed = asyncio.Event()
        self.was_opened = self.is_lost = False
        self._until = until
        self._now = now
        self._on_idle = on_idle
        self._closed_at = 0.0
        self._running = 0

    @property
    def checks(self) -> list[Statement[None]]:
        """What each transaction begins with."""
        return [] if self.check is None else [self.check]

    @property
    def is_open(self) -> bool:
        """Whether work may be begun: it is assigned, and in time by this machine's clock alone."""
        return self.was_opened and not self.closed.is_set() and not self.has_run_out

    @property
    def is_pending(self) -> bool:
        """Whoever works there is still to make ready."""
        return not self.was_opened and not self.closed.is_set()

    @property
    def has_run_out(self) -> bool:
        """Nobody has said in time that it is still ours."""
        return self._now() >= self._until

    @property
    def is_over(self) -> bool:
        """Closed, and nobody need wait any longer for what still runs: it may wait for a store."""
        if not self.closed.is_set():
            return False
        return self._running == 0 or self._now() - self._closed_at > FINISH_SECONDS

    def require(self) -> None:
        """Raises LeaseLost when nothing may be begun any more."""
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
        """It has run out, or is another's: what still runs finds that out with its commit."""
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
            # A commit was refused: another process has it.
            self.lose()
        if self._running == 0 and self.closed.is_set():
            self._on_idle()
