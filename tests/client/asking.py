"""Either kind of client, asked in the same way: whatever holds for one, holds for the other."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Literal

from yabot_client import Answer, AsyncClient, Call, Client
from yabot_client.clock import Clock

Kind = Literal["sync", "async"]
READ = Call("get_user", "GET", "/api/v1/user/7", "users:read")
CHANGE = Call(
    "put_preferences",
    "PUT",
    "/api/v1/user/7/preferences",
    "users:write",
    body={"theme": "dark"},
    has_body=True,
    changes=True,
)
# It takes no key, so that it must not be done twice.
ONCE = Call("retry_dead_letters", "POST", "/api/v1/dead_letters/retry", "admin")


@dataclass
class OwnTime:
    """It passes where somebody sleeps, and else when a test says so."""

    wall: float = 1_790_000_000.0
    passed: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.wall + self.passed

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds

    async def sleep_async(self, seconds: float) -> None:
        self.sleep(seconds)

    @property
    def clock(self) -> Clock:
        return Clock(self.now, self.monotonic, self.sleep, self.sleep_async)


class Asker:
    """A client of some kind."""

    def __init__(self, client: Client | AsyncClient, runner: asyncio.Runner) -> None:
        self.client = client
        self._runner = runner

    def __call__(self, call: Call = READ) -> Answer:
        """Raises YabotError."""
        if isinstance(self.client, Client):
            return self.client._send(call)
        return self._runner.run(_awaited(self.client, call), context=copy_context())


async def _awaited(client: AsyncClient, call: Call) -> Answer:
    return await client._send(call)


@contextmanager
def asker(kind: Kind, url: str, **options: Any) -> Iterator[Asker]:
    with asyncio.Runner() as runner:
        if kind == "sync":
            with Client(url, **options) as client:
                yield Asker(client, runner)
        else:
            made = AsyncClient(url, **options)
            yield Asker(made, runner)
            runner.run(made.aclose())
