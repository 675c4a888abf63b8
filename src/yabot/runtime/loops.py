"""A background loop that runs when woken, and now and then in any case."""

import asyncio
from collections.abc import Awaitable, Callable

from yabot.errors import TransientError
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff

log = get_logger(__name__)


class WakingLoop:
    """Calls ``step`` after each ``wake`` and at least every ``interval`` seconds.

    A transient error is logged once until the step succeeds again, and retried with growing
    pauses; any other error is logged with its traceback and retried likewise: a follower that
    stops for good would strand what was promised.
    """

    def __init__(self, name: str, step: Callable[[], Awaitable[None]], interval: float) -> None:
        self._name = name
        self._step = step
        self._interval = interval
        self._signal = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    def wake(self) -> None:
        self._signal.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pauses = backoff()
        failing = False
        while True:
            try:
                await self._step()
            except TransientError as error:
                if not failing:
                    log.warning("loop.paused", loop=self._name, reason=str(error))
                failing = True
                await asyncio.sleep(next(pauses))
            except Exception:
                log.exception("loop.failed", loop=self._name)
                failing = True
                await asyncio.sleep(next(pauses))
            else:
                if failing:
                    log.info("loop.resumed", loop=self._name)
                failing, pauses = False, backoff()
                await self._rest()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._interval):
                await self._signal.wait()
        except TimeoutError:
            return
        self._signal.clear()
