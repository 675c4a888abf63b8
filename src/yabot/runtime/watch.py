"""Knows whether a store answers, and notices when it does again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic

from yabot.error_text import error_text
from yabot.errors import StoreUnavailable, TransientError, YabotError
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.ending import end

log = get_logger(__name__)

PING_EVERY = 2.0
PING_SECONDS = 2.0
# Seconds for verifying a store that is back.
VERIFY_SECONDS = 30.0

Step = Callable[[], Awaitable[object]]


# True in the tasks that check whether a store is back: they may pass a gate that is shut.
_looking: ContextVar[bool] = ContextVar("looking", default=False)


class Gate:
    """Shut while a store is away, so that nobody waits for it in vain."""

    def __init__(self, store: str) -> None:
        self.store = store
        # Why it is shut; None while it is open.
        self.reason: str | None = None
        self.suspected = asyncio.Event()
        # How often other work has shown what a look would: commits, for SQL.
        self.answers = 0
        # Set at the end of the next look; None while nobody watches.
        self.next_look: asyncio.Event | None = None
        self._distrusted_until = 0.0
        # Called when a look shuts the gate, and at each look that leaves it shut: callers should
        # stop waiting for an answer, and the next look should connect anew.
        self.on_shut: Callable[[], None] = lambda: None

    def require(self) -> None:
        """Raises StoreUnavailable at once while the store is known to be away."""
        if self.reason is not None and not _looking.get():
            raise StoreUnavailable(self.store, self.reason)

    async def still_answers(self) -> bool:
        """Whether a look finds the store there although a call has failed: a connection may have
        broken, or this process stood still until the time for an answer was over.

        False at once while the store is known to be away or is distrusted, if nobody watches it,
        and within a look.
        """
        is_distrusted = monotonic() < self._distrusted_until
        if self.reason is not None or is_distrusted or self.next_look is None or _looking.get():
            return False
        self.suspected.set()
        await self.next_look.wait()
        return self.reason is None and self.next_look is not None

    def distrust(self) -> None:
        """Let ``still_answers`` be false for a while: the store answers looks, but not calls."""
        self._distrusted_until = monotonic() + PING_EVERY

    @contextmanager
    def passed(self) -> Iterator[None]:
        """A context for a call to the store: a failure in it makes the watch look at once.

        Raises StoreUnavailable, at once while the store is known to be away.
        """
        self.require()
        try:
            yield
        except StoreUnavailable:
            self.suspected.set()
            raise


class StoreWatch:
    """Calls ``connect``, which prepares and verifies, until it has succeeded once; then ``ping``.

    A store that was away may have come back different: before it counts as restored, ``verify``
    checks that it fits this version.
    """

    def __init__(
        self,
        gate: Gate,
        connect: Step,
        ping: Step,
        verify: Step | None = None,
        *,
        every: float = PING_EVERY,
    ) -> None:
        """``every``: seconds between two looks while nobody suspects anything."""
        self.gate = gate
        self._every = every
        self.on_lost: list[Callable[[str], None]] = []
        # Called when the reason for which it is away changes.
        self.on_changed: list[Callable[[str], None]] = []
        # Called with how many seconds the store was away.
        self.on_restored: list[Callable[[float], None]] = []
        self._connect = connect
        self._ping = ping
        self._verify = verify
        self._connected = False
        self._lost_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self, seconds: float) -> None:
        """Connect within ``seconds``, or go on without the store and keep trying.

        After one failure it is tried once more, for ``PING_SECONDS`` at most. Raises StartupError
        when the store answers but refuses us or does not fit.
        """
        reason = await self._connect_within(seconds)
        if reason is not None:
            reason = await self._connect_within(min(seconds, PING_SECONDS))
        if reason is not None:
            # Do not cut off what is under way: a migration takes as long as it needs.
            self._lose(reason, cuts_off=False)
        self.gate.next_look = asyncio.Event()
        self._task = asyncio.create_task(self._watch(), name=f"watch {self.gate.store}")

    async def stop(self) -> None:
        try:
            if self._task is not None:
                await end([self._task])
        finally:
            self._tell_who_waits(None)

    async def _connect_within(self, seconds: float) -> str | None:
        """Returns why connecting failed; None if it succeeded."""
        try:
            await self._within(seconds, self._connect)
        except TransientError as error:
            return _reason(error)
        self._connected = True
        log.info("store.connected", store=self.gate.store)
        return None

    async def _watch(self) -> None:
        _looking.set(True)
        try:
            await self._look_again_and_again()
        finally:
            self._tell_who_waits(None)

    async def _look_again_and_again(self) -> None:
        pauses = backoff(first=0.1, most=PING_EVERY)
        while True:
            if self.gate.reason is None:
                await self._until_suspected()
            else:
                await self._pause(next(pauses))
            if await self._look():
                pauses = backoff(first=0.1, most=PING_EVERY)
            self._tell_who_waits(asyncio.Event())

    def _tell_who_waits(self, next_look: asyncio.Event | None) -> None:
        """Wake those who wait for the look that has ended; None if it was the last."""
        looked, self.gate.next_look = self.gate.next_look, next_look
        if looked is not None:
            looked.set()

    async def _pause(self, seconds: float) -> None:
        log.debug("store.away", store=self.gate.store, looks_again_in_s=round(seconds, 3))
        await asyncio.sleep(seconds)

    async def _until_suspected(self) -> None:
        try:
            async with asyncio.timeout(self._every):
                await self.gate.suspected.wait()
        except TimeoutError:
            return
        self.gate.suspected.clear()

    async def _look(self) -> bool:
        """Whether the store answers. An error in a listener does not end the watch."""
        try:
            return await self._answers()
        except Exception:
            log.exception("watch.failed", store=self.gate.store)
            return False

    async def _answers(self) -> bool:
        """A store that fails its verification counts as lost."""
        try:
            if self._connected:
                await self._require_answer()
                if self._verify is not None and self.gate.reason is not None:
                    await self._within(VERIFY_SECONDS, self._verify)
            else:
                await self._connect()
                self._connected = True
        except YabotError as error:
            self._lose(_reason(error))
            return False
        except Exception as error:
            # An unexpected error counts as an outage, too: the store may work again later.
            log.exception("watch.failed", store=self.gate.store)
            self._lose(_reason(error))
            return False
        self._restore()
        return True

    async def _require_answer(self) -> None:
        """Raises StoreUnavailable when the store has answered nobody in time; what ``ping`` raises.

        A ping waits behind other work: if that is answered, the store is busy, not away. One
        failure is not enough either: a connection may have broken, or this process stood still.
        """
        for is_last in (self.gate.reason is not None, True):
            before = self.gate.answers
            try:
                await self._within(PING_SECONDS, self._ping)
            except TransientError as error:
                if isinstance(error.__cause__, TimeoutError) and self._is_busy(before):
                    log.debug("store.busy", store=self.gate.store)
                elif is_last:
                    raise
                else:
                    continue
            return

    async def _within(self, seconds: float, step: Step) -> None:
        """Raises StoreUnavailable because of TimeoutError, and what ``step`` raises."""
        try:
            async with asyncio.timeout(seconds):
                await step()
        except TimeoutError as error:
            raise StoreUnavailable(self.gate.store, f"no answer within {seconds:g} s") from error

    def _is_busy(self, answers: int) -> bool:
        """Whether the store has answered other work since the count was ``answers``."""
        return self.gate.reason is None and self.gate.answers != answers

    def _lose(self, reason: str, *, cuts_off: bool = True) -> None:
        before, self.gate.reason = self.gate.reason, reason
        if cuts_off:
            # At each failed look: the connection that was just used may never answer again.
            self.gate.on_shut()
        if before is not None:
            if reason != before:
                log.warning("store.still_away", store=self.gate.store, reason=reason)
                for changed in self.on_changed:
                    changed(reason)
            return
        self._lost_at = monotonic()
        log.error("store.lost", store=self.gate.store, reason=reason)
        for listener in self.on_lost:
            listener(reason)

    def _restore(self) -> None:
        if self.gate.reason is None:
            return
        self.gate.reason = None
        downtime = monotonic() - self._lost_at
        log.info("store.restored", store=self.gate.store, downtime_s=round(downtime, 3))
        for listener in self.on_restored:
            listener(downtime)


def _reason(error: Exception) -> str:
    return error.reason if isinstance(error, StoreUnavailable) else error_text(error)
