"""Real servers that a test may kill, stop and start again."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil
import psycopg
from psycopg import sql

from tests.postgres import Postgres
from tests.uris import port_of
from tests.waiting import PATIENCE, wait_until
from yabot.embedded.engine import EmbeddedEngine


class Server(Protocol):
    def address(self, database: str) -> str:
        """The URI of this database there, past any proxy."""

    def connect(self) -> socket.socket: ...

    def kill(self) -> None:
        """As by kill -9; it stays away until ``start``."""

    def freeze(self) -> None:
        """SIGSTOP: it takes connections and answers nothing."""

    def thaw(self) -> None: ...

    async def start(self) -> None:
        """Where it was, with what it had; if it does not run."""


class EngineServer:
    """mongod or Valkey in a folder of its own."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        self._engine = engine
        self._uri = ""

    @property
    def port(self) -> int:
        return port_of(self._uri)

    def address(self, database: str) -> str:
        """The same for all databases."""
        return self._uri

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port))

    async def start(self) -> None:
        if self._engine.pid is None:
            await self._engine.stop()
            self._uri = await self._engine.start()

    def kill(self) -> None:
        pid = self._engine.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self._engine.pid is None)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def end(self) -> None:
        self.thaw()
        await self._engine.stop()

    def _signal(self, number: signal.Signals) -> None:
        if self._engine.pid is not None:
            os.kill(self._engine.pid, number)


class PostgresServer:
    """All processes of a server share each fate. What it has acknowledged outlives them.

    Any of its children may have nothing left to do, and end.
    """

    def __init__(self, folder: Path) -> None:
        self._server = Postgres(folder)

    def address(self, database: str) -> str:
        return self._server.url(database)

    def connect(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(str(self._server.socket))
        return connected

    def create_database(self, name: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def kill(self) -> None:
        processes = self._processes()
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, PATIENCE)

    def freeze(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self) -> None:
        for process in self._processes():
            with suppress(psutil.NoSuchProcess):
                process.resume()

    async def start(self) -> None:
        self.start_now()

    def start_now(self) -> None:
        if not self._processes():
            self._server.start()

    def end(self) -> None:
        self.thaw()
        self._server.end()

    def _processes(self) -> list[psutil.Process]:
        process = self._server.process
        if process is None or process.poll() is not None:
            return []
        postmaster = psutil.Process(process.pid)
        return [postmaster, *postmaster.children()]


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """As root it runs as a user of its own, who must be able to enter every folder above."""
    with tempfile.TemporaryDirectory(prefix="yabot-outages-") as parent:
        server = PostgresServer(Path(parent) / "postgres")
        try:
            server.start_now()
            yield server
        finally:
            server.end()
