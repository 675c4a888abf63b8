"""A TCP proxy that stands for the network: it can refuse, cut, swallow and delay."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import TypeVar

from sqlalchemy import make_url

from tests.uris import port_of
from tests.waiting import PATIENCE

T = TypeVar("T")

# Opens the connection to what stands behind the proxy.
Upstream = Callable[[], socket.socket]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Lives in a thread, so that a test may wait without stopping it."""

    def __init__(self, upstream: Upstream) -> None:
        self.port = 0
        # When somebody has tried to connect, whatever came of it; on the monotonic clock.
        self.attempts: list[float] = []
        # What clients and servers have sent over connections that were forgotten.
        self.lost: list[bytes] = []
        self._upstream = upstream
        self._open: set[asyncio.StreamWriter] = set()
        self._forgotten: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._refusing = False
        self._delay = 0.0
        self._trap: list[bytes] = []
        # Pieces of what clients send that may still pass; None: all.
        self._pieces_left: int | None = None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()

    def refuse(self) -> None:
        """Cut every connection, and each new one at once: nobody is there."""

        def shut() -> None:
            self._refusing = True
            self._cut()

        self._call(shut)

    def swallow(self) -> None:
        """Take everything and pass nothing on, as a network that is gone does."""
        self._call(self._passing.clear)

    def cut(self) -> None:
        """Break every connection once."""
        self._call(self._cut)

    @property
    def is_empty(self) -> bool:
        """Nobody is connected."""
        return not self._open

    def forget(self) -> None:
        """Pass nothing on any more over the connections that there are, and tell nobody."""

        def forget_all() -> None:
            self._forgotten |= self._open

        self._call(forget_all)

    def delay(self, seconds: float) -> None:
        """Pass everything on late."""

        def set_delay() -> None:
            self._delay = seconds

        self._call(set_delay)

    def refuse_after(self, pieces: int) -> None:
        """Let so many more pieces of what clients send pass; then nobody is there."""

        def set_pieces() -> None:
            self._pieces_left = pieces

        self._call(set_pieces)

    def lose_answer(self, to: bytes, after: bytes) -> None:
        """Once: where ``after`` has passed, let ``to`` pass too, and cut before it is answered."""

        def set_trap() -> None:
            self._trap = [after, to]

        self._call(set_trap)

    @property
    def answer_is_lost(self) -> bool:
        return self._trap == []

    def mend(self) -> None:
        def pass_on() -> None:
            self._refusing = False
            self._pieces_left = None
            self._delay = 0.0
            self._passing.set()

        self._call(pass_on)

    def _call(self, change: Callable[[], T]) -> None:
        done = threading.Event()

        def run() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(PATIENCE)

    def _cut(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def serve(self, stop: asyncio.Event) -> None:
        self._passing.set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await stop.wait()
        server.close()
        self._cut()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.attempts.append(monotonic())
        if self._refusing:
            writer.transport.abort()
            return
        try:
            upstream = await asyncio.open_connection(sock=await asyncio.to_thread(self._upstream))
        except OSError:
            writer.transport.abort()
            return
        await self._join((reader, writer), upstream)

    async def _join(self, client: Streams, upstream: Streams) -> None:
        ends = {client[1], upstream[1]}
        trapped = asyncio.Event()
        self._open |= ends
        try:
            await asyncio.gather(
                self._pump(self._watched(client[0], trapped), upstream[1]),
                self._pump(_until(trapped, upstream[0]), client[1]),
            )
        finally:
            self._open -= ends
            for writer in ends:
                writer.transport.abort()

    async def _watched(
        self, source: asyncio.StreamReader, trapped: asyncio.Event
    ) -> AsyncIterator[bytes]:
        has_passed = False
        while data := await source.read(65536):
            if self._pieces_left == 0:
                self._refusing = True
                self._cut()
                return
            if self._pieces_left is not None:
                self._pieces_left -= 1
            if self._trap:
                after, to = self._trap
                if has_passed and to in data:
                    self._trap = []
                    trapped.set()
                has_passed = has_passed or after in data
            yield data

    async def _pump(self, source: AsyncIterator[bytes], target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            async for data in source:
                await self._passing.wait()
                if target in self._forgotten:
                    self.lost.append(data)
                    continue
                await asyncio.sleep(self._delay)
                target.write(data)
                await target.drain()
        target.transport.abort()

    def run(self, stop: asyncio.Event) -> None:
        self._loop.run_until_complete(self.serve(stop))
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def started(self) -> None:
        assert self._ready.wait(PATIENCE)

    def end(self, stop: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(stop.set)


async def _until(trapped: asyncio.Event, source: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while (data := await source.read(65536)) and not trapped.is_set():
        yield data


def at_port(port: int) -> Upstream:
    """A server on this machine."""
    return lambda: socket.create_connection(("127.0.0.1", port))


def at_socket(folder: str) -> Upstream:
    """A PostgreSQL that listens in ``folder``."""

    def connect() -> socket.socket:
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(f"{folder}/.s.PGSQL.5432")
        return connected

    return connect


@contextmanager
def proxying(upstream: Upstream) -> Iterator[Proxy]:
    proxy, stop = Proxy(upstream), asyncio.Event()
    thread = threading.Thread(target=proxy.run, args=(stop,))
    thread.start()
    proxy.started()
    try:
        yield proxy
    finally:
        proxy.end(stop)
        thread.join()


@contextmanager
def firewalled(uri: str) -> Iterator[tuple[Proxy, str]]:
    """A proxy before a server on this machine, and the server's address behind it."""
    port = port_of(uri)
    with proxying(at_port(port)) as proxy:
        yield proxy, uri.replace(f":{port}/", f":{proxy.port}/")


@contextmanager
def firewalled_postgres(url: str) -> Iterator[tuple[Proxy, str]]:
    """The same before a PostgreSQL that listens in a folder."""
    inside = make_url(url)
    with proxying(at_socket(str(inside.query["host"]))) as proxy:
        outside = inside.set(host="127.0.0.1", port=proxy.port, query={})
        yield proxy, outside.render_as_string(hide_password=False)
