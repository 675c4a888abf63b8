"""A background loop that runs when woken, and at intervals in any case."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from yabot.error_text import error_text
from yabot.errors import YabotError
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.ending import end
from yabot.runtime.interruption import uninterrupted

log = get_logger(__name__)


class WakingLoop:
    """Calls ``step`` after each ``wake`` and at least every ``interval`` seconds.

    After an error the step is retried with growing pauses, without end: a follower that stopped for
    good would leave commits without effect. A YabotError is logged once until the step succeeds
    again; any other error is logged each time, with its traceback.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[None]], interval: float) -> None:
        self.name = name
        self._step = step
        self._interval = interval
        # While this is false the step is skipped: another process does it.
        self.is_due: Callable[[], bool] = lambda: True
        # Gets the reason of each failure, and None when the step succeeds again.
        self.on_trouble: Callable[[str | None], None] = lambda _reason: None
        # Gives the pauses after successive failures.
        self.pauses: Callable[[], Iterator[float]] = backoff
        # Called when no further step will follow.
        self.on_finished: Callable[[], None] = lambda: None
        self._signal = asyncio.Event()
        self._hope = asyncio.Event()
        self._finishing = False
        self._trouble: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self.name)

    def wake(self) -> None:
        self._signal.set()

    def retry(self) -> None:
        """Try again at once after a failure: its reason may be over."""
        self._hope.set()

    async def finish(self, seconds: float) -> None:
        """Run a last step for at most ``seconds``, then end the loop."""
        if self._task is None:
            return
        self._finishing = True
        self._signal.set()
        self._hope.set()
        await asyncio.wait([self._task], timeout=seconds)
        await end([self._task])
        self.on_finished()

    async def _run(self) -> None:
        pauses = self.pauses()
        while True:
            succeeded = await self._attempt()
            if self._finishing and not (succeeded and self._signal.is_set()):
                return
            if not succeeded:
                await self._pause(next(pauses))
                continue
            pauses = self.pauses()
            await self._rest()

    async def _attempt(self) -> bool:
        try:
            if self.is_due():
                await uninterrupted(self._step())
        except YabotError as error:
            if error_text(error) != self._trouble:
                log.warning("loop.paused", loop=self.name, reason=error_text(error))
            return self._failed(error)
        except Exception as error:
            log.exception("loop.failed", loop=self.name)
            return self._failed(error)
        if self._trouble is not None:
            log.info("loop.resumed", loop=self.name)
            self._trouble = None
            self.on_trouble(None)
        return True

    def _failed(self, error: Exception) -> bool:
        self._trouble = error_text(error)
        self.on_trouble(self._trouble)
        return False

    async def _pause(self, seconds: float) -> None:
        """Wait after a failure. New work does not end the pause; ``retry``, at a store's return,
        does.
        """
        await set_within(self._hope, seconds)
        self._hope.clear()

    async def _rest(self) -> None:
        if await set_within(self._signal, self._interval):
            self._signal.clear()


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for ``event``; False when ``seconds`` passed first."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
