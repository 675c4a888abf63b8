"""PostgreSQL: a transaction for each unit, in threads, on a pool of connections."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, TypeVar, cast
from weakref import WeakSet

import psycopg
from psycopg.abc import Params
from sqlalchemy import QueuePool, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from yabot.error_text import kind_of
from yabot.errors import StoreUnavailable
from yabot.runtime.changed_files import ChangedFiles
from yabot.runtime.interruption import Interrupted, uninterrupted
from yabot.runtime.watch import Gate
from yabot.storage.relational.database import Statement, store_errors
from yabot.storage.relational.handshake import connect
from yabot.storage.relational.jobs import settable
from yabot.storage.relational.later import LaterWrites
from yabot.storage.relational.rested import ask_rested, renew_connections

T = TypeVar("T")

# SQLSTATEs after which a transaction is run again: serialization failure, deadlock.
RETRIED = {"40001", "40P01"}
TRIES = 5
# Seconds that the last marks, and then all submitted work, get when the database is closed.
LAST_WORK = 1.0
# Seconds. Nothing else ends an attempt to connect.
LONGEST_CONNECTING = 3
# For a network that drops everything: seconds of silence before a keepalive, seconds between
# keepalives, and their number; and milliseconds that sent data may stay unacknowledged, during
# which there are no keepalives.
KEEPALIVES = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
NOTHING: Mapping[str, str] = MappingProxyType({})


class PostgresDatabase:
    """The server's time-outs for locks, statements and idling bound every transaction.

    A server that does not answer at all is given up by shutting the sockets down: a thread that
    waits for it could not be ended otherwise.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int,
        timeout_ms: int,
        tls_files: Sequence[Path] = (),
        demands: Mapping[str, str] = NOTHING,
    ) -> None:
        """``tls_files`` are the files that ``url`` names: when they change, it connects anew.

        ``demands`` are further options of libpq, with which a server may be refused.
        """
        self.gate = Gate("PostgreSQL")
        self.engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=timeout_ms / 1000,
            hide_parameters=True,
            connect_args={
                "cursor_factory": _Cursor,
                "connect_timeout": min(max(1, timeout_ms // 1000), LONGEST_CONNECTING),
                # These override settings of the database or role: with a stricter isolation,
                # commits would fail because of concurrent ones.
                "client_encoding": "utf8",
                "options": f"{_options_of(url)} -c lock_timeout={timeout_ms} "
                f"-c statement_timeout={timeout_ms} "
                f"-c idle_in_transaction_session_timeout={timeout_ms} "
                r"-c default_transaction_isolation=read\ committed",
                **KEEPALIVES,
                **demands,
            },
        )
        self._pool = cast(QueuePool, self.engine.pool)
        ask_rested(self.engine)
        renew_connections(self.engine, ChangedFiles(tls_files))
        self._open: WeakSet[psycopg.Connection] = WeakSet()
        # Guards ``_open``: any thread may connect while the connections are being cut off.
        self._opening = Lock()
        event.listen(self.engine, "connect", self._remember)
        event.listen(self.engine, "connect", _keep_commits)
        event.listen(self.engine, "do_connect", self._connect)
        self.gate.on_shut = self._hang_up
        self._threads = ThreadPoolExecutor(pool_size, thread_name_prefix="postgres")
        self._later = LaterWrites(self.write)
        self._closed = False
        self._given_up = False

    async def open(self) -> None:
        await self.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())

    async def write(self, work: Statement[T]) -> T:
        return await self._in_thread(lambda: self._commit(work))

    def write_later(self, work: Statement[None]) -> None:
        self._later.add(work)

    async def flush(self) -> None:
        await self._later.flush()

    async def read(self, query: Statement[T]) -> T:
        return await self._in_thread(lambda: self._read(query))

    def cut_log(self) -> None:
        """Nothing to do: PostgreSQL's checkpoints remove its log, and VACUUM its dead rows."""

    async def close(self) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORK):
                    await self._later.close()
        finally:
            await self._end_threads()
            self.engine.dispose()

    async def _end_threads(self) -> None:
        """Finish submitted work, but cut off work that waits for a silent server.

        Also cut off threads that use the engine themselves, such as an upgrade of the tables that
        waits for another process: nobody else would end them, and they keep the program alive.
        """
        self._closed = True
        ending = asyncio.create_task(asyncio.to_thread(self._threads.shutdown))
        await asyncio.wait([ending], timeout=LAST_WORK)
        if not ending.done() or self._pool.checkedout():
            self._given_up = True
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._hang_up()
        await ending

    def _connect(
        self, _dialect: object, _entry: object, _args: object, parameters: dict[str, Any]
    ) -> psycopg.Connection:
        if self._given_up:
            raise psycopg.OperationalError("it is closed")
        return connect(**parameters)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        if self._closed:
            raise StoreUnavailable(self.gate.store, "it is closed")
        store = self.gate.store
        with self.gate.passed(), store_errors(store), _connection_errors(store):
            work = asyncio.get_running_loop().run_in_executor(self._threads, _ran, call)
            try:
                return await uninterrupted(work)
            except Interrupted as error:
                # It had not begun when the threads were given up.
                raise StoreUnavailable(store, "it is closed") from error

    def _remember(self, connection: psycopg.Connection, _record: object) -> None:
        with self._opening:
            self._open.add(connection)

    def _hang_up(self) -> None:
        with self._opening:
            opened = list(self._open)
        for connection in opened:
            with suppress(OSError, psycopg.Error), _socket_of(connection) as end:
                end.shutdown(socket.SHUT_RDWR)

    def _commit(self, work: Statement[T]) -> T:
        for _ in range(TRIES - 1):
            try:
                return self._commit_once(work)
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) not in RETRIED:
                    raise
        return self._commit_once(work)

    def _commit_once(self, work: Statement[T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)

    def _read(self, query: Statement[T]) -> T:
        with self.engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ")
            return query(connection)


def _ran(call: Callable[[], T]) -> T:
    try:
        return call()
    except StopIteration as error:
        raise settable(error) from error


class _Cursor(psycopg.Cursor[Any]):
    """Runs many statements one after another; ``rowcount`` is then that of the last.

    psycopg's own pipeline sends a Flush after its Sync, at which the server forgets the limit on
    idle transactions: a process that is stopped there would hold its locks for good.
    """

    @override
    def executemany(
        self, query: Any, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        for parameters in params_seq:
            self.execute(query, parameters)


def _keep_commits(connection: psycopg.Connection, _record: object) -> None:
    """Make commits durable even if role or database have ``synchronous_commit = off``. Any other
    value of the operator's stays, because each keeps commits."""
    connection.autocommit = True
    chosen = connection.execute("SELECT current_setting('synchronous_commit')").fetchone()
    if chosen == ("off",):
        connection.execute("SET synchronous_commit = on")
    connection.autocommit = False


def _options_of(url: str) -> str:
    """The server options in ``url`` itself; ours follow, as the last one of a setting counts."""
    named = make_url(url).query.get("options", "")
    return named if isinstance(named, str) else " ".join(named)


@contextmanager
def _connection_errors(store: str) -> Iterator[None]:
    """Turn psycopg's errors into StoreUnavailable: SQLAlchemy does not wrap them when a connection
    breaks between two statements.
    """
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(store, kind_of(error)) from error


def _socket_of(connection: psycopg.Connection) -> socket.socket:
    """A second handle on the socket: another thread may be using the connection's own."""
    return socket.socket(fileno=os.dup(connection.fileno()))
