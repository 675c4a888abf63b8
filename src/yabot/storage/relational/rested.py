"""Connections to PostgreSQL that are tested after a rest, before anything is sent over them.

A firewall forgets an idle connection and tells neither side: what is then sent over it is lost,
which its sender notices only when the time for an answer has passed. A connection that was made
with certificates that have been replaced since is not kept either.
"""

import select
from time import monotonic

import psycopg
from psycopg.pq import ConnStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from yabot.runtime.changed_files import ChangedFiles

# Seconds of rest after which a connection is tested.
RESTED = 1.0
# Seconds, at most, for the answer: a caller waits for it to send a statement.
LONGEST_ANSWER = 0.5
SINCE = "resting since"
MADE_AT = "made at change"


def renew_connections(engine: Engine, files: ChangedFiles) -> None:
    """Make the engine's pool replace connections that were made before ``files`` changed."""

    def note(_dialect: object, entry: ConnectionPoolEntry, *_parameters: object) -> None:
        entry.info[MADE_AT] = files.changes

    def require_present(_connection: object, entry: ConnectionPoolEntry, _proxy: object) -> None:
        if entry.info.get(MADE_AT) != files.changes:
            raise InvalidatePoolError

    event.listen(engine, "do_connect", note)
    event.listen(engine, "checkout", require_present)


def ask_rested(engine: Engine) -> None:
    """Make the engine's pool replace a connection that has rested and does not answer, and with it
    all idle ones; also one that the server has closed meanwhile.
    """
    event.listen(engine, "checkin", _note)
    event.listen(engine, "checkout", _require_answer)


def _note(_connection: psycopg.Connection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[SINCE] = monotonic()


def _require_answer(
    connection: psycopg.Connection, entry: ConnectionPoolEntry, _proxy: object
) -> None:
    since = entry.info.get(SINCE)
    if since is not None and not _is_usable(connection, monotonic() - since):
        raise InvalidatePoolError


def _is_usable(connection: psycopg.Connection, rested: float) -> bool:
    try:
        return not (rested > RESTED or _has_news(connection, 0.0)) or _answers(connection)
    except psycopg.Error:
        return False


def _answers(connection: psycopg.Connection) -> bool:
    """Test it with libpq, because psycopg would wait without limit. Raises psycopg.Error."""
    line, deadline = connection.pgconn, monotonic() + LONGEST_ANSWER
    line.send_query(b"")
    line.flush()
    while line.is_busy():
        if not _has_news(connection, max(0.0, deadline - monotonic())):
            return False
        line.consume_input()
    while line.get_result() is not None:
        pass
    # The answer may have been that the server closes the connection.
    return line.status == ConnStatus.OK


def _has_news(connection: psycopg.Connection, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(connection.pgconn.socket, select.POLLIN)
    return bool(waiting.poll(seconds * 1000))
