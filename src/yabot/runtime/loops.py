"""A background loop that runs when woken, and now and then in any case."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from yabot.error_text import error_text
from yabot.errors import YabotError
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff
from yabot.runtime.ending import end

log = get_logger(__name__)


class WakingLoop:
    """Calls ``step`` after each ``wake`` and at least every ``interval`` seconds.

    An error that explains itself is logged once until the step succeeds again, and retried with
    growing pauses; any other is logged with its traceback and retried likewise: a follower that
    stops for good would strand what was promised.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[None]], interval: float) -> None:
        self.name = name
        self._step = step
        self._interval = interval
        # While it is false the step is left out: another process does it.
        self.is_due: Callable[[], bool] = lambda: True
        # Told the reason when the loop begins to fail, and None when it succeeds again.
        self.on_trouble: Callable[[str | None], None] = lambda _reason: None
        # How long it waits behind one failure after another.
        self.pauses: Callable[[], Iterator[float]] = backoff
        # Told that no step will follow.
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
        """What made the step fail may be over: do not wait for the pause to end."""
        self._hope.set()

    async def finish(self, seconds: float) -> None:
        """A last step with all that is there, for at most ``seconds``; then the end."""
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
                await self._step()
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
        """After a failure: work that comes in is no reason to try sooner, a store's return is."""
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
