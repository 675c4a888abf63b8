"""One listener in phases: some paths answer as long as the process lives, all others only while it
works.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol
from uuid import uuid4

from starlette.routing import BaseRoute

from yabot.api.answering import problems
from yabot.api.answering.answers import Answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

# Seconds after which a refused client may ask again.
ASK_AGAIN = 1


class Lasting(Protocol):
    """An ASGI application with a list of its ``routes``."""

    @property
    def routes(self) -> Sequence[BaseRoute]: ...

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None: ...


class PhasedApp:
    """An ASGI application: paths of ``lasting`` always answer, others between open and close."""

    def __init__(self, lasting: Lasting, phase: Callable[[], str]) -> None:
        """``phase`` says in a word why the other paths are closed: starting, stopping."""
        self._lasting = lasting
        self._paths = frozenset(getattr(route, "path", None) for route in lasting.routes)
        self._phase = phase
        self._opened: App | None = None
        self._under_way: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] in self._paths:
            await self._lasting(scope, receive, send)
        elif self._opened is not None:
            await self._ask(self._opened, scope, receive, send)
        else:
            refused = problems.NOT_OPEN.refuse(
                f"The program is {self._phase()}; ask again, or another one.",
                Retry_After=str(ASK_AGAIN),
            )
            await Answer.of_refusal(refused, str(uuid4())).response(scope, receive, send)

    def open(self, app: App) -> None:
        self._opened = app

    async def close(self, within: float) -> None:
        """Refuse new requests, and wait at most ``within`` seconds for those under way."""
        self._opened = None
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=within)

    async def _ask(self, app: App, scope: Message, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            await app(scope, receive, send)
        finally:
            self._under_way.discard(task)
