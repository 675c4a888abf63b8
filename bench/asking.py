"""An HTTP client that costs next to nothing: each connection asks again once it is answered.

`python -m bench.asking PORT CONNECTIONS` sends the request on its standard input from as many
connections at once, and ends with SIGTERM: full load from a process of its own.
"""

import asyncio
import ssl
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter
from typing import cast

from yabot.runtime.event_loop import new_event_loop

LOCAL = "127.0.0.1"
PATIENCE = 60.0


@dataclass(slots=True)
class Answers:
    """How long each took, in milliseconds, and how they were answered."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return len(self.milliseconds) / self.seconds

    @property
    def p50(self) -> float:
        return quantiles(self.milliseconds, n=100)[49]

    @property
    def p99(self) -> float:
        return quantiles(self.milliseconds, n=100)[98]

    def require(self, status: int) -> "Answers":
        assert set(self.statuses) == {status}, self.statuses
        return self


class Connection(asyncio.Protocol):
    """Asks until it is told that it was enough."""

    def __init__(self, next_request: Callable[[], bytes | None], answers: Answers) -> None:
        self._next = next_request
        self._answers = answers
        self._heard = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        self._heard = b""
        self._answers.milliseconds.append((perf_counter() - self._asked_at) * 1000)
        self._answers.statuses[int(head[9:12])] += 1
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("the server hung up"))

    def _ask(self) -> None:
        request = self._next()
        if request is None:
            self.ended.set_result(None)
            self._transport.close()
            return
        self._asked_at = perf_counter()
        self._transport.write(request)


async def ask(
    port: int,
    request: bytes | Sequence[bytes],
    connections: int,
    times: int = 1,
    *,
    tls: ssl.SSLContext | None = None,
    keep_alive: bool = True,
) -> Answers:
    """``times`` the same, or each of several once, from so many connections at once.

    Without ``keep_alive`` each is asked on a connection of its own, so many at once all the same.
    """
    left = iter([request] * times if isinstance(request, bytes) else request)
    answers = Answers()
    started = perf_counter()
    async with asyncio.timeout(PATIENCE):
        lane = _kept if keep_alive else _anew
        await asyncio.gather(*(lane(port, left, answers, tls) for _ in range(connections)))
    answers.seconds = perf_counter() - started
    return answers


async def _kept(
    port: int, left: Iterator[bytes], answers: Answers, tls: ssl.SSLContext | None
) -> None:
    """One connection, until nothing is left to ask."""
    loop, host = asyncio.get_running_loop(), LOCAL if tls else None
    _, protocol = await loop.create_connection(
        lambda: Connection(lambda: next(left, None), answers),
        LOCAL,
        port,
        ssl=tls,
        server_hostname=host,
    )
    await protocol.ended


async def _anew(
    port: int, left: Iterator[bytes], answers: Answers, tls: ssl.SSLContext | None
) -> None:
    """One connection after the other."""
    for request in left:
        await _kept(port, iter([request]), answers, tls)


def request(method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            return int(line[15:])
    return 0


async def _load(port: int, connections: int) -> None:
    """Without end: whoever has started it ends it."""
    wanted = sys.stdin.buffer.read()
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(lambda: wanted, Answers()), LOCAL, port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_load(int(sys.argv[1]), int(sys.argv[2])))
