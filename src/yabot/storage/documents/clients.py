"""A MongoDB client that is replaced when certificates change: pymongo reads files only once."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import ConfigurationError

from yabot.error_text import kind_of
from yabot.runtime.changed_files import ChangedFiles, Reloaded

Client = AsyncMongoClient[dict[str, Any]]
# Closing tells the server which sessions end; a server that is away must not hold that up.
GOODBYE_SECONDS = 0.5


@dataclass(eq=False, slots=True)
class _Use:
    owner: "Clients"
    client: Client
    users: int = 0


class Clients:
    """The present client, and earlier ones until all work that began with them has ended.

    All reads and writes of a transaction have to use one client.
    """

    def __init__(self, connect: Callable[[], Client], files: Sequence[Path], of: str) -> None:
        """``connect`` reads ``files``. Raises what ``connect`` raises."""
        self._connect = connect
        self._renewed = Reloaded(self._new, ChangedFiles(files), of)
        self._present = self._renewed.current()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def client(self) -> Client:
        """The present client; within ``held`` always the same one."""
        return self._held_use().client

    @contextmanager
    def held(self) -> Iterator[None]:
        """Make this task keep its present client, which stays open meanwhile."""
        before, use = _held.get(), self._held_use()
        use.users += 1
        _held.set(use)
        try:
            yield
        finally:
            _held.set(before)
            use.users -= 1
            self._end_if_idle(use)

    def renew(self) -> None:
        """If the files have changed, new work uses a new client."""
        self._go_on_with(self._renewed.current())

    def replace(self) -> None:
        """New work uses a new client, with new connections."""
        self._go_on_with(self._renewed.anew())

    async def close(self) -> None:
        await asyncio.gather(*self._closing, _close(self._present.client))

    def _go_on_with(self, use: _Use) -> None:
        before, self._present = self._present, use
        self._end_if_idle(before)

    def _new(self) -> _Use:
        try:
            return _Use(self, self._connect())
        except ConfigurationError as error:
            raise ValueError(kind_of(error)) from error

    def _held_use(self) -> _Use:
        """The held client, unless it is not held any more: a task inherits it from its parent, and
        may outlive the parent's ``held``.
        """
        use = _held.get()
        return use if use is not None and use.users and use.owner is self else self._present

    def _end_if_idle(self, use: _Use) -> None:
        if use is not self._present and not use.users:
            task = asyncio.create_task(_close(use.client))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


# The client with which the present task has begun to work.
_held: ContextVar[_Use | None] = ContextVar("held", default=None)


async def _close(client: Client) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(GOODBYE_SECONDS):
            await client.close()
