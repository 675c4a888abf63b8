"""Kills the process it lives in at a named instant, without a hook in the product.

The instants are what the program says and does anyway: a log line (the step is just done), an
SQL statement (it is just about to be run), the COMMIT of a transaction that wrote to a table, a
command to MongoDB. The test arms one by writing it to the kill file while the program runs.
"""

import json
import logging
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, Literal

from pymongo import monitoring
from sqlalchemy import Connection, Engine, event

Kind = Literal["log", "sql", "commit", "mongo", "any"]
# What happens there: the process is ended for good, or stopped with whatever its other threads have
# begun, such as a transaction; or the thread waits until the point is disarmed, and no other does.
Fate = Literal["SIGKILL", "SIGSTOP", "wait"]


@dataclass(frozen=True)
class KillPoint:
    """``kind`` and ``what``: a log line's event, the beginning of an SQL statement, the beginning
    of one in a transaction about to commit, a MongoDB command; or any of these, whatever it
    is. The ``n``-th since armed."""

    kind: Kind
    what: str = ""
    n: int = 1
    fate: Fate = "SIGKILL"

    def __str__(self) -> str:
        name = f"{self.kind}: {self.what}" if self.what else self.kind
        return name + (f" ({self.n})" if self.n > 1 else "")

    def arm(self, kill_file: Path) -> None:
        """Whole or not at all: the program may read at any moment."""
        draft = kill_file.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(kill_file)

    @staticmethod
    def is_waited_at(kill_file: Path) -> bool:
        """Whether a thread of the program waits at the point that is armed."""
        return _notice(kill_file).exists()

    @staticmethod
    def disarm(kill_file: Path) -> None:
        """Who waits goes on."""
        kill_file.unlink()


def watch(kill_file: Path) -> None:
    """From now on this process dies when it passes the point that the kill file names."""
    watcher = _Watcher(kill_file)
    logging.getLogger().addHandler(_LogLines(watcher))
    event.listen(Engine, "begin", watcher.begin)
    event.listen(Engine, "before_cursor_execute", watcher.statement)
    event.listen(Engine, "commit", watcher.commit)
    monitoring.register(_Commands(watcher))


class _Watcher:
    def __init__(self, kill_file: Path) -> None:
        self._kill_file = kill_file
        # Threads may pass at the same time, and each counts.
        self._passed: defaultdict[KillPoint, Iterator[int]] = defaultdict(lambda: count(1))

    def passes(self, kind: Kind, *whats: str) -> None:
        """All of ``whats``, one after another, in one and the same moment."""
        point = self._armed()
        if point is None or point.kind not in {kind, "any"}:
            return
        for what in whats:
            if what.startswith(point.what) and next(self._passed[point]) == point.n:
                self._meet(point)

    def _meet(self, point: KillPoint) -> None:
        if point.fate != "wait":
            os.kill(os.getpid(), signal.Signals[point.fate])
            return
        _notice(self._kill_file).touch()
        while self._armed() == point:
            time.sleep(0.005)
        _notice(self._kill_file).unlink()

    def begin(self, connection: Connection) -> None:
        connection.info["statements"] = []

    def statement(
        self,
        connection: Connection,
        _cursor: object,
        statement: str,
        parameters: Mapping[str, object] | Sequence[object],
        *_rest: object,
    ) -> None:
        if _is_heartbeat(parameters):
            return
        connection.info.setdefault("statements", []).append(statement)
        self.passes("sql", statement)

    def commit(self, connection: Connection) -> None:
        self.passes("commit", *connection.info.get("statements", ()))

    def _armed(self) -> KillPoint | None:
        """Asked at each step of each program under test: so nearly always there is none."""
        if not os.access(self._kill_file, os.F_OK):
            return None
        try:
            return _point(self._kill_file.read_bytes())
        except FileNotFoundError:
            return None


@cache
def _point(armed: bytes) -> KillPoint:
    return KillPoint(**json.loads(armed))


def _is_heartbeat(parameters: Mapping[str, object] | Sequence[object]) -> bool:
    """Of no cause, and at any moment: the watch over SQL writes what a unit of work does."""
    values = parameters.values() if isinstance(parameters, Mapping) else parameters
    return "heartbeat" in values


def _notice(kill_file: Path) -> Path:
    return kill_file.with_suffix(".waits")


class _LogLines(logging.Handler):
    def __init__(self, watcher: _Watcher) -> None:
        super().__init__()
        self._watcher = watcher

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, dict):
            self._watcher.passes("log", str(record.msg.get("event")))


class _Commands(monitoring.CommandListener):
    def __init__(self, watcher: _Watcher) -> None:
        self._watcher = watcher

    def started(self, event: Any) -> None:
        self._watcher.passes("mongo", event.command_name)

    def succeeded(self, event: Any) -> None:
        pass

    def failed(self, event: Any) -> None:
        pass
