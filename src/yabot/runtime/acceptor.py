"""Accepts connections for a server, in the same way on every event loop.

uvloop's servers accept connections by themselves, past the count of ``BoundedListener``.
"""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from yabot.observability.logging import get_logger
from yabot.runtime.connections import BoundedListener
from yabot.runtime.ending import end

log = get_logger(__name__)

# How many connections are accepted before the loop goes on with other work, such as closing those
# that were ended to make room: their files are open until then.
AT_ONCE = 64
# Seconds until the next try when this process may open no more files.
AGAIN_AFTER = 1.0


class Acceptor:
    """Stands in for an asyncio server, as far as uvicorn uses one."""

    def __init__(
        self,
        bound: BoundedListener,
        serve: Callable[[socket.socket], Coroutine[Any, Any, object]],
    ) -> None:
        """``bound`` is listening already; ``serve`` makes a transport of an accepted connection."""
        self._bound = bound
        self._serve = serve
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        # Tasks of connections that have no transport yet: their handshake is under way.
        self._beginning: set[asyncio.Task[None]] = set()
        bound.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Accept no more, and end connections whose handshake is still under way."""
        if self._pause is not None:
            self._pause.cancel()
        if self._bound.fileno() >= 0:
            self._loop.remove_reader(self._bound.fileno())
            self._bound.close()
        for task in self._beginning:
            task.cancel()

    async def wait_closed(self) -> None:
        await end(self._beginning)

    def _listen(self) -> None:
        self._loop.add_reader(self._bound.fileno(), self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _address = self._bound.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("listener.paused", reason=error.strerror, seconds=AGAIN_AFTER)
                self._loop.remove_reader(self._bound.fileno())
                self._pause = self._loop.call_later(AGAIN_AFTER, self._listen)
                return
            task = self._loop.create_task(self._begin(connection), name="accepted")
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    async def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        try:
            # A client that breaks off, or does not agree on TLS, gets no answer.
            with suppress(OSError):
                await self._serve(connection)
        except BaseException:
            connection.close()
            raise
