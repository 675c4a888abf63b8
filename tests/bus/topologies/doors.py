"""TLS in front of servers that were built without it.

A door tells its visitors apart: a TLS greeting begins with the byte 22. The nodes themselves, and
the Sentinels, come without TLS and through the same door, because a node has only one address.
"""

import asyncio
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GREETING = b"\x16"


class Doors:
    """Lives in a thread; ``new`` opens one more."""

    def __init__(self, certificate: Path) -> None:
        self.with_tls = 0
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate)
        self._context.load_cert_chain(certificate)
        # The program has to show a certificate of its own.
        self._context.verify_mode = ssl.CERT_REQUIRED
        self._loop = asyncio.new_event_loop()

    def new(self, port: int) -> int:
        """The port of a door that leads to ``port``."""
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        asyncio.run_coroutine_threadsafe(self._serve(listening, port), self._loop)
        return int(listening.getsockname()[1])

    async def _serve(self, listening: socket.socket, port: int) -> None:
        with listening:
            async with asyncio.TaskGroup() as visits:
                while True:
                    visitor, _ = await self._loop.sock_accept(listening)
                    visits.create_task(self._admit(visitor, port))

    async def _admit(self, visitor: socket.socket, port: int) -> None:
        with visitor:
            try:
                reader, writer = await self._streams(visitor)
                behind, to_behind = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                return
            await asyncio.gather(_pump(reader, to_behind), _pump(behind, writer))

    async def _streams(
        self, visitor: socket.socket
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        is_tls = await self._first_byte(visitor) == GREETING
        self.with_tls += is_tls
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol, visitor, ssl=self._context if is_tls else None
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    async def _first_byte(self, visitor: socket.socket) -> bytes:
        """Looked at, and left where it is."""
        readable = asyncio.Event()
        self._loop.add_reader(visitor, readable.set)
        try:
            await readable.wait()
        finally:
            self._loop.remove_reader(visitor)
        return visitor.recv(1, socket.MSG_PEEK)

    def run(self) -> None:
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.1))
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except OSError:
        pass
    finally:
        target.close()


@contextmanager
def doors(certificate: Path) -> Iterator[Doors]:
    opened = Doors(certificate)
    thread = threading.Thread(target=opened.run)
    thread.start()
    try:
        yield opened
    finally:
        opened.close()
        thread.join(10)


def make_certificate(file: Path) -> Path:
    """Key and certificate in one file; it vouches for itself."""
    subject = ["-subj", "/CN=yabot", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made = ["-days", "2", "-keyout", str(file), "-out", f"{file}.crt"]
    command = ["openssl", "req", *kind, *subject, *made]
    subprocess.run(command, check=True, capture_output=True)
    with file.open("a") as together:
        together.write(Path(f"{file}.crt").read_text())
    return file
