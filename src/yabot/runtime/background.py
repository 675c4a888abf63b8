"""Asynchronous code for callers that are not: a loop in a thread of its own."""

import asyncio

# At its end the interpreter calls the last registered first: executors must have registered before.
import concurrent.futures.thread  # noqa: F401
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from yabot.error_text import error_text
from yabot.observability.logging import get_logger
from yabot.runtime.event_loop import new_event_loop

log = get_logger(__name__)

T = TypeVar("T")
R = TypeVar("R")

# Seconds for which the end of the process waits for calls of threads that it does not wait for.
LAST_CALLS = 10.0


@dataclass(slots=True)
class _Opened(Generic[T]):
    value: T
    loop: asyncio.AbstractEventLoop
    thread: threading.Thread
    over: asyncio.Event = field(default_factory=asyncio.Event)
    calls: set[Future[Any]] = field(default_factory=set)

    def close(self) -> None:
        wait([*self.calls], timeout=LAST_CALLS)
        self.loop.call_soon_threadsafe(self.over.set)
        self.thread.join()


class Background(Generic[T]):
    """Holds open what ``opens`` opens, as long as the process lives.

    The first call opens it, as does the first after a failed opening, and the first in a forked
    process. It is closed when the interpreter begins to end.
    """

    def __init__(self, opens: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        self._opens = opens
        self._lock = threading.Lock()
        self._opened: _Opened[T] | None = None
        self._inherited: list[object] = []
        # Close while executors still work, and before the interpreter waits for the databases'
        # threads, which end only then: atexit would be too late for both.
        threading._register_atexit(self.close)  # type: ignore[attr-defined]
        os.register_at_fork(after_in_child=self._begin_anew)

    def call(self, ask: Callable[[T], Coroutine[Any, Any, R]]) -> R:
        """Run ``ask`` in the background loop, and wait for its result, from any thread, also from
        one whose own event loop runs. Raises what ``ask`` raises, and what opening raises.
        """
        with self._lock:
            opened = self._opened = self._opened or self._open()
            answer = asyncio.run_coroutine_threadsafe(ask(opened.value), opened.loop)
            opened.calls.add(answer)
        answer.add_done_callback(opened.calls.discard)
        return answer.result()

    def close(self) -> None:
        """Close it once the calls under way have ended. A later call opens it again."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _open(self) -> _Opened[T]:
        opening: Future[_Opened[T]] = Future()
        thread = threading.Thread(target=self._run, args=(opening,), name="background", daemon=True)
        thread.start()
        try:
            return opening.result()
        except KeyboardInterrupt:
            if not opening.cancel() and opening.exception() is None:
                opening.result().close()
            raise

    def _run(self, opening: Future[_Opened[T]]) -> None:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(self._keep_open(opening))

    async def _keep_open(self, opening: Future[_Opened[T]]) -> None:
        try:
            async with self._opens() as value:
                opened = _Opened(value, asyncio.get_running_loop(), threading.current_thread())
                if opening.set_running_or_notify_cancel():
                    opening.set_result(opened)
                    await opened.over.wait()
        except Exception as error:  # noqa: BLE001 - whoever opens it is told
            if opening.done():
                log.warning("background.not_closed", reason=error_text(error))
            else:
                opening.set_exception(error)

    def _begin_anew(self) -> None:
        """A forked child lacks the thread, and must not use its parent's connections: it keeps them
        referenced, so that they are not closed."""
        self._inherited.append(self._opened)
        self._opened = None
        self._lock = threading.Lock()
