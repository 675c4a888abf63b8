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
from yabot.runtime.watch import Gate
from yabot.storage.relational.database import Statement, store_errors
from yabot.storage.relational.handshake import connect
from yabot.storage.relational.later import LaterWrites
from yabot.storage.relational.rested import ask_rested, renew_connections

T = TypeVar("T")

# What PostgreSQL asks to be run again: serialization failure, deadlock.
RETRIED = {"40001", "40P01"}
TRIES = 5
# Seconds that the last marks, and then all submitted work, get when the database is closed.
LAST_WORK = 1.0
# Nothing but this limit ends a connecting that has begun.
LONGEST_CONNECTING = 3
# For a network that swallows everything: seconds of silence before it is asked whether anybody is
# there, between such questions, and their number; and milliseconds that what was sent may stay
# without a sign that it has arrived. Whoever waits for an answer is not asked.
KEEPALIVES = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
NOTHING: Mapping[str, str] = MappingProxyType({})


class PostgresDatabase:
    """Lock and idle time-outs bound how long any transaction can hold anybody up.

    Those are the server's. One that does not answer at all is given up by shutting the sockets:
    a thread that waits for it could not be ended otherwise.
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
        """``tls_files`` are those that ``url`` names: when they change, it connects anew.

        ``demands`` are further options of libpq's, by which a server may be refused.
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
                # Whatever a database or a role has as its own: by a stricter isolation commits fail
                # because of others beside them.
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
        # Of those: any thread of the pool may make one while they are cut off.
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
        """Its log is its own: it goes with the next checkpoints, and dead rows with VACUUM."""

    async def close(self) -> None:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORK):
                    await self._later.close()
        finally:
            await self._end_threads()
            self.engine.dispose()

    async def _end_threads(self) -> None:
        """What was submitted is finished; what waits for a silent server is cut off.

        So is whoever uses the engine from a thread of their own, as an upgrade of the tables that
        waits for another process's: nobody else would end that thread, and it keeps the program.
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
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)

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


class _Cursor(psycopg.Cursor[Any]):
    """Runs many statements one after another; ``rowcount`` is then that of the last.

    psycopg's own pipeline ends with a Flush behind its Sync, at which the server forgets the limit
    on idle transactions: whoever was stopped there would hold its locks for good.
    """

    @override
    def executemany(
        self, query: Any, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        for parameters in params_seq:
            self.execute(query, parameters)


def _keep_commits(connection: psycopg.Connection, _record: object) -> None:
    """Where a role or a database has it that a commit need not be on the disk: ours is. What its
    operator has chosen of the other ways, each of which keeps it, stays."""
    connection.autocommit = True
    chosen = connection.execute("SELECT current_setting('synchronous_commit')").fetchone()
    if chosen == ("off",):
        connection.execute("SET synchronous_commit = on")
    connection.autocommit = False


def _options_of(url: str) -> str:
    """Those for the server that it names itself: of one setting the last word counts."""
    named = make_url(url).query.get("options", "")
    return named if isinstance(named, str) else " ".join(named)


@contextmanager
def _connection_errors(store: str) -> Iterator[None]:
    """Of a connection that breaks between two statements, SQLAlchemy passes on what psycopg says.

    Raises StoreUnavailable.
    """
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(store, kind_of(error)) from error


def _socket_of(connection: psycopg.Connection) -> socket.socket:
    """A second handle on it: the connection's own may be in use in another thread."""
    return socket.socket(fileno=os.dup(connection.fileno()))
