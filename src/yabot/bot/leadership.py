"""Which one of all processes does what only one of them may do."""

import asyncio
from collections.abc import Callable

from yabot.log.assignment import Assignment
from yabot.log.leases import Granted
from yabot.observability.logging import get_logger
from yabot.runtime.loops import WakingLoop

log = get_logger(__name__)

# The owner of this partition leads.
LEADING = 0


class Leadership:
    """One process leads; for moments it may be none or several. While SQL is away, the process goes
    on leading that led before.
    """

    def __init__(self, assignment: Assignment) -> None:
        self.leading, self.following = asyncio.Event(), asyncio.Event()
        self.following.set()
        # Called when this process begins to lead.
        self.on_leading: list[Callable[[], None]] = []
        self._has_heard = False
        assignment.on_renewal.append(self._hear)

    def run_while_leading(self, loop: WakingLoop) -> None:
        """From now on ``loop`` runs only while this process leads, at once when it begins to."""
        loop.is_due = self.leading.is_set
        self.on_leading.append(loop.wake)

    def _hear(self, granted: Granted | None) -> None:
        if granted is not None:
            self._has_heard = True
            self._lead(LEADING in granted.tokens and LEADING not in granted.revoked)
        elif not self._has_heard:
            # Nobody can say who leads, and readers wait: each process leads.
            self._lead(True)

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
