"""Ends TLS in front of a server that was built without it.

The wheels' Valkey and PostgreSQL are; those of the images in compose.yaml end it themselves.
"""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.waiting import wait_until

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]

# How a client of PostgreSQL asks for TLS before it speaks it: a length, and a code.
SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)


@contextmanager
def tls_front(certificate: Path, connect: Connect, *, asked_first: bool = False) -> Iterator[int]:
    """The port on the loopback interface; ``asked_first`` waits for PostgreSQL's question."""
    front = _Front(certificate, connect, asked_first)
    thread = threading.Thread(target=asyncio.run, args=[front.serve()])
    thread.start()
    try:
        wait_until(lambda: front.port > 0)
        yield front.port
    finally:
        front.loop.call_soon_threadsafe(front.stop.set)
        thread.join(10)


class _Front:
    def __init__(self, certificate: Path, connect: Connect, asked_first: bool) -> None:
        self.port = 0
        self.stop = asyncio.Event()
        self.loop: asyncio.AbstractEventLoop
        self._connect = connect
        self._asked_first = asked_first
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._connections: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=None if self._asked_first else self._context
        )
        self.port = server.sockets[0].getsockname()[1]
        await self.stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        with suppress(OSError, asyncio.IncompleteReadError):
            if self._asked_first:
                await self._agree(reader, writer)
            behind, to_behind = await self._connect()
            await asyncio.gather(_pump(reader, to_behind), _pump(behind, writer))

    async def _agree(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
            writer.close()
            raise ConnectionResetError("it does not ask for TLS")
        writer.write(b"S")
        await writer.start_tls(self._context)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    finally:
        target.close()
