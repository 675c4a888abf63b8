"""SQLite: one writer thread with group commit, and a few reading threads."""

import asyncio
import queue
import threading
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from yabot.error_text import kind_of
from yabot.errors import StartupError, StoreUnavailable
from yabot.observability.logging import get_logger
from yabot.private_files import refusals_told
from yabot.runtime.watch import Gate
from yabot.storage.relational.database import Statement, is_unreachable, store_errors, why_away
from yabot.storage.relational.jobs import Job, Outcome, tell
from yabot.storage.relational.later import LaterWrites
from yabot.storage.relational.sqlite_driver import in_transaction, run_plain
from yabot.storage.relational.sqlite_files import GONE, FilesBeside, beside, identity
from yabot.storage.relational.sqlite_reads import SqliteReads

T = TypeVar("T")

log = get_logger(__name__)

GROUP_SIZE = 128
# SQLite moves pages from its write-ahead log to the database every four megabytes, but leaves the
# file at its peak size. Without a quiet moment the file is cut to LARGEST_LOG; at a quiet moment it
# is emptied if it is larger than LARGE_LOG.
LARGEST_LOG = 16 * 1024 * 1024
LARGE_LOG = 8 * 1024 * 1024
# Seconds between two tries to empty the log: a failed one costs as much as a successful one.
CUT_EVERY = 1.0
# Key of a connection's info: the files that it has opened beside the database.
BESIDE = "files beside it"


class SqliteDatabase:
    """WAL with ``synchronous=FULL``: what ``write`` has returned survives a power cut.

    Concurrent units share one commit, each in its own savepoint, so that a unit that fails undoes
    nothing of the others.
    """

    def __init__(self, path: Path, *, pool_size: int, timeout_ms: int) -> None:
        self._path = path
        self._log_path = beside(path, "-wal")
        self.gate = Gate("SQLite")
        self.engine = _writing_engine(path, timeout_ms)
        self._reading = _reading_engine(path, pool_size, timeout_ms)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._connected: Connection | None = None
        self._file: tuple[int, int] | None = None
        self._timeout_ms = timeout_ms
        self._cut_at = 0.0
        # Whether the log has to be emptied whatever its size.
        self._cut_wanted = False
        self._reads = SqliteReads(self._reading, pool_size)
        self._later = LaterWrites(self.write)

    async def open(self) -> None:
        """May be repeated, when a later step of the start has failed."""
        await asyncio.to_thread(self._probe)
        if self._writer is None:
            self._loop = asyncio.get_running_loop()
            self._writer = threading.Thread(target=self._write_forever, name="sqlite-write")
            self._writer.start()

    async def write(self, work: Statement[T]) -> T:
        if self._writer is None:
            raise StoreUnavailable("SQLite", "it is closed")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self.gate.passed():
            self._jobs.put(Job(work, future))
            return await future

    def write_later(self, work: Statement[None]) -> None:
        self._later.add(work)

    async def flush(self) -> None:
        await self._later.flush()

    async def read(self, query: Statement[T]) -> T:
        with self.gate.passed():
            return await self._reads.read(query)

    def cut_log(self) -> None:
        """Empty the log at the writer's next quiet moment in which no reader needs it."""
        self._cut_wanted = True

    async def close(self) -> None:
        try:
            await self._later.close()
        finally:
            # In any case: a thread that is left over would keep the program from ending.
            await self._end_threads()
            self._reading.dispose()
            self.engine.dispose()

    async def _end_threads(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            self._jobs.put(None)
            await asyncio.to_thread(writer.join)
        await self._reads.close()

    def _probe(self) -> None:
        with refusals_told(self._path.parent, "SQLITE_DATABASE_PATH"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
        except DatabaseError as error:
            if is_unreachable(error):
                raise StoreUnavailable("SQLite", why_away(error)) from error
            raise StartupError(
                f"SQLITE_DATABASE_PATH: SQLite cannot use {self._path} ({kind_of(error)}); "
                "name another file, or restore the backup of this one"
            ) from error

    def _write_forever(self) -> None:
        stop = False
        while not stop:
            first = self._jobs.get()
            stop = first is None or self._commit_group(first)
            if self._jobs.empty():
                self._cut_log()
        self._disconnect()

    def _commit_group(self, first: Job) -> bool:
        """Commit ``first`` and whatever queues up behind it meanwhile; True when told to stop."""
        group, stop = [first], False
        outcomes: list[Outcome] = []
        try:
            with store_errors("SQLite"), self._connection().begin() as transaction:
                for job in group:
                    outcomes.append(self._run_in_savepoint(transaction.connection, job))
                    stop = stop or self._gather(group)
        except Exception as error:  # noqa: BLE001 - whoever waits for the group is told
            self._disconnect()
            outcomes = [(job, None, error) for job in group]
        self._loop.call_soon_threadsafe(tell, outcomes)
        return stop

    def _cut_log(self) -> None:
        """Move all of the log to the database and empty its file, if nobody still reads from it.

        The heartbeat writes every few seconds, so that a peak never stays for long.
        """
        is_large = _size(self._log_path) > LARGE_LOG
        if monotonic() < self._cut_at or not (is_large or self._cut_wanted):
            return
        try:
            # Do not wait for readers: that would hold up the next write.
            run_plain(self._connection(), "PRAGMA busy_timeout = 0")
            done = run_plain(self._connection(), "PRAGMA wal_checkpoint(TRUNCATE)")
            is_busy, *_ = done.fetchone()
            self._cut_wanted = self._cut_wanted and bool(is_busy)
            run_plain(self._connection(), f"PRAGMA busy_timeout = {self._timeout_ms}")
        except (StoreUnavailable, SQLAlchemyError) as error:
            # Nothing is lost; if the disk is at fault, the next write fails, too.
            log.warning("sqlite.log_not_cut", reason=type(error).__name__)
            self._disconnect()
        self._cut_at = monotonic() + CUT_EVERY

    def _connection(self) -> Connection:
        """The writer's own connection: taking one from the pool for each group costs several
        statements.

        Raises StoreUnavailable if the database's file was moved or replaced: SQLite would go on
        with the old one, and lose it when the process is killed.
        """
        if self._file is not None and identity(self._path) != self._file:
            raise StoreUnavailable("SQLite", GONE)
        if self._connected is None:
            self._connected = self.engine.connect()
            self._file = self._file or identity(self._path)
        self._connected.info[BESIDE].require_unmoved()
        return self._connected

    def _disconnect(self) -> None:
        if self._connected is not None:
            self._connected.close()
            self._connected = None

    def _gather(self, group: list[Job]) -> bool:
        """Add waiting jobs to the group; True when told to stop."""
        while len(group) < GROUP_SIZE:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return True
            group.append(job)
        return False

    @staticmethod
    def _run_in_savepoint(connection: Connection, job: Job) -> Outcome:
        run_plain(connection, "SAVEPOINT unit")
        try:
            with store_errors("SQLite"):
                result = job.work(connection)
        except Exception as error:
            if not in_transaction(connection):
                raise  # a full disk, for one: SQLite has rolled the whole group back
            run_plain(connection, "ROLLBACK TO unit")
            run_plain(connection, "RELEASE unit")
            return job, None, error
        run_plain(connection, "RELEASE unit")
        return job, result, None


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _connect(engine: Engine, pragmas: tuple[str, ...]) -> None:
    """Let our own statements, not the driver, begin each transaction."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")


def _engine(path: Path, size: int) -> Engine:
    return create_engine(
        # Made from its parts: in a URL that is parsed, ``?`` and ``%`` would have a meaning.
        URL.create("sqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False},
    )


def _writing_engine(path: Path, timeout_ms: int) -> Engine:
    # One connection for the writer, one for migrations and verification.
    engine = _engine(path, 2)
    pragmas = (
        f"busy_timeout = {timeout_ms}",
        "journal_mode = WAL",
        "synchronous = FULL",
        # Deleted or blanked content is overwritten, not only marked as free.
        "secure_delete = ON",
        f"journal_size_limit = {LARGEST_LOG}",
        "foreign_keys = ON",
    )
    _connect(engine, pragmas)

    @event.listens_for(engine, "connect")
    def note_files(connection: Any, record: ConnectionPoolEntry) -> None:
        # SQLite opens or makes these files at the first query.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        record.info[BESIDE] = FilesBeside(path)

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _reading_engine(path: Path, pool_size: int, timeout_ms: int) -> Engine:
    engine = _engine(path, pool_size)
    _connect(engine, (f"busy_timeout = {timeout_ms}", "query_only = ON"))
    return engine
