"""TLS in front of a server that was built without it, with whatever certificate it is given.

It tells its visitors apart. Those of PostgreSQL ask first; a TLS greeting begins with the byte 22;
who comes without, as nodes and Sentinels do that know one address of each other, goes through.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.certificates import Authority, Leaf
from tests.waiting import PATIENCE

GREETING = b"\x16"
# How a client of PostgreSQL asks for TLS before it speaks it, and the answers.
SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)
AGREED, REFUSED = b"S", b"N"

Upstream = Callable[[], socket.socket]


class Door:
    """Lives in a thread; what it shows may change at any time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, upstream: Upstream) -> None:
        self._loop = loop
        self._upstream = upstream
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        self._context: ssl.SSLContext | None = None
        self._open: set[asyncio.WriteTransport] = set()
        # How many have come to speak TLS with it.
        self.with_tls = 0
        self.port = int(self._listening.getsockname()[1])
        self.serving = asyncio.run_coroutine_threadsafe(self._serve(), loop)

    def show(self, leaf: Leaf | None, *, clients: Authority | None = None) -> None:
        """From now on, also to those who were there; None speaks no TLS.

        With ``clients`` nobody gets in without a certificate of that authority.
        """
        self._context = None if leaf is None else _context(leaf, clients)
        self.cut()

    def ends(self) -> set[asyncio.WriteTransport]:
        """Of the connections that there are."""

        async def look() -> set[asyncio.WriteTransport]:
            return {end for end in self._open if not end.is_closing()}

        return asyncio.run_coroutine_threadsafe(look(), self._loop).result(PATIENCE)

    def cut(self) -> None:
        async def abort() -> None:
            for transport in list(self._open):
                transport.abort()

        asyncio.run_coroutine_threadsafe(abort(), self._loop).result(PATIENCE)

    async def _serve(self) -> None:
        with self._listening:
            async with asyncio.TaskGroup() as visits:
                while True:
                    visitor, _ = await self._loop.sock_accept(self._listening)
                    visits.create_task(self._admit(visitor))

    async def _admit(self, visitor: socket.socket) -> None:
        with visitor, suppress(OSError, asyncio.IncompleteReadError):
            shown = self._context
            reader, writer = await self._streams(visitor, shown)
            behind, to_behind = await asyncio.open_connection(sock=self._upstream())
            ends = {writer.transport, to_behind.transport}
            if shown is not self._context:
                # Whoever cuts has not seen who was still on the way in.
                for end in ends:
                    end.abort()
                return
            self._open |= ends
            try:
                await asyncio.gather(_pump(reader, to_behind), _pump(behind, writer))
            finally:
                self._open -= ends

    async def _streams(
        self, visitor: socket.socket, shown: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        visitor.setblocking(False)
        first = await self._first_bytes(visitor)
        if first == SSL_REQUEST:
            await self._loop.sock_recv(visitor, len(first))
            await self._loop.sock_sendall(visitor, AGREED if shown else REFUSED)
            first = await self._first_bytes(visitor) if shown else b""
        context = shown if first.startswith(GREETING) else None
        self.with_tls += context is not None
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol, visitor, ssl=context
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    async def _first_bytes(self, visitor: socket.socket) -> bytes:
        """Looked at, and left where they are."""
        readable = asyncio.Event()
        self._loop.add_reader(visitor, readable.set)
        try:
            await readable.wait()
        finally:
            self._loop.remove_reader(visitor)
        return visitor.recv(len(SSL_REQUEST), socket.MSG_PEEK)


class Doors:
    """One thread for all of them."""

    def __init__(self) -> None:
        self.opened: list[Door] = []
        self._loop = asyncio.new_event_loop()

    def new(self, upstream: Upstream) -> Door:
        self.opened.append(Door(self._loop, upstream))
        return self.opened[-1]

    def show(self, leaf: Leaf | None, *, clients: Authority | None = None) -> None:
        for door in self.opened:
            door.show(leaf, clients=clients)

    def run(self) -> None:
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def doors() -> Iterator[Doors]:
    opened = Doors()
    thread = threading.Thread(target=opened.run)
    thread.start()
    try:
        yield opened
    finally:
        opened.close()
        thread.join(PATIENCE)


def _context(leaf: Leaf, clients: Authority | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        context.load_cert_chain(*leaf.write(Path(folder)))
    context.num_tickets = 0
    if clients is not None:
        context.load_verify_locations(cadata=clients.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    return context


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()
