"""A real `yabot run` in a folder of its own, driven and looked at from outside."""

import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from weakref import WeakSet

import psutil

from tests.e2e.fork_server import ForkServer, console_environment
from tests.e2e.kill_points import KillPoint
from tests.e2e.moved_clock import be_ahead
from tests.e2e.patience import SETTINGS
from tests.e2e.stopwatch import read_stopping
from tests.e2e.stores import Stores
from tests.ports import free_port
from tests.waiting import PATIENCE, wait_until

STOP_SECONDS = 10.0
"""Within which a program has to have stopped, on its own clock: see ``stopped_in``."""
Json = dict[str, Any]
ALARMING = {"error", "critical"}


class Program:
    """``settings`` are environment variables; ports, data directory and JSON logs are given."""

    _made: ClassVar[WeakSet["Program"]] = WeakSet()

    def __init__(
        self,
        forks: ForkServer,
        folder: Path,
        *command: str,
        **settings: str,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.kill_file = folder / "kill"
        self.command = command or ("run",)
        ports = {name: str(free_port()) for name in ("API_PORT", "PLAYGROUND_PORT")}
        ports["HEALTH_PORT"] = ports["API_PORT"]
        own = {"YABOT_DATA_DIR": str(self.data), "LOG_FORMAT": "json", "LOG_LEVEL": "DEBUG"}
        # What the tests' other services send.
        own["INBOUND_EVENT_TYPES"] = "user_interaction, reaction_detected"
        # Readers ask again and again until somebody else has come to an end: on a busy machine more
        # often than a reader may. Their pace is held in tests/bot/processing/test_pace.py.
        own["READER_UPDATES_AT_ONCE"] = "100000"
        self.settings = {**own, **ports, **settings}
        # It takes no store and no Telegram for lost that a test would still wait for.
        self.patient = True
        self.pid: int | None = None
        # Of the machine's clock.
        self.ahead = timedelta()
        self._forks = forks
        self._stores: Stores | None = None
        self._made.add(self)

    @classmethod
    def alive(cls) -> list["Program"]:
        """Those that have been launched and not ended, however they were made."""
        return [program for program in cls._made if program.pid is not None]

    @property
    def url(self) -> str:
        """The playground's address."""
        return f"http://127.0.0.1:{self.settings['PLAYGROUND_PORT']}"

    @property
    def stores(self) -> Stores:
        """What is stored; embedded engines can be looked into while they run."""
        if self._stores is None:
            self._stores = Stores.of(self.data, self.settings)
        return self._stores

    def launch(self, point: KillPoint | None = None) -> None:
        """Start, and do not wait; with a ``point``, it dies when it passes it."""
        assert self.pid is None, "it runs already"
        self.kill_file.unlink(missing_ok=True)
        if point is not None:
            self.arm(point)
        bounds = SETTINGS if self.patient else {}
        env = {**console_environment(), **bounds, **self.settings}
        self.pid = self._forks.start(
            self.command, env, self.folder, self.kill_file, patient=self.patient
        )

    def start(self) -> None:
        """Start, and wait until it is ready."""
        self.launch()
        self.wait_ready()

    def wait_ready(self) -> None:
        self._wait_until_ok("ready")

    def wait_started(self) -> None:
        """Well or not."""
        self._wait_until_ok("startup")

    def _wait_until_ok(self, what: str) -> None:
        def is_ok() -> bool:
            assert self.exit_code(0) is None, f"it ended at start:\n{self.tail()}"
            return self.health(what)[0] == 200

        wait_until(is_ok)

    def health(self, what: str) -> tuple[int, Json]:
        """Status and body; status 0 while nobody listens."""
        return self.asked(f"/health/{what}")

    def asked(self, path: str) -> tuple[int, Json]:
        """What its API answers: status and body; status 0 while nobody listens."""
        url = f"http://127.0.0.1:{self.settings['API_PORT']}{path}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)
        except OSError:
            return 0, {}

    def metrics(self) -> str:
        url = f"http://127.0.0.1:{self.settings['API_PORT']}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def arm(self, point: KillPoint) -> None:
        """From now on the program dies when it passes ``point``."""
        point.arm(self.kill_file)

    def signal(self, number: signal.Signals) -> None:
        assert self.pid is not None
        os.kill(self.pid, number)

    def pass_time(self, **units: float) -> None:
        """It is later from now on, by as many ``days``, ``hours`` or ``seconds``."""
        self.ahead += timedelta(**units)
        be_ahead(self.folder, self.ahead, self.signal)

    def interrupt_group(self) -> None:
        """What a terminal does at Ctrl+C."""
        assert self.pid is not None
        os.killpg(self.pid, signal.SIGINT)

    def exit_code(self, seconds: float = PATIENCE) -> int | None:
        """How it ended; None when it still runs after ``seconds``."""
        assert self.pid is not None
        code = self._forks.exit_code(self.pid, seconds)
        if code is not None:
            self.pid = None
        return code

    def stop(self) -> int | None:
        """SIGTERM, and how it ended."""
        self.signal(signal.SIGTERM)
        return self.exit_code()

    def kill9(self) -> None:
        """An answer that has come, and is not recorded as sent, comes once more behind it: whoever
        waits for the next one settles before.
        """
        self.signal(signal.SIGKILL)
        assert self.exit_code() == -signal.SIGKILL

    def run(self) -> int | None:
        """A command that ends by itself: its exit code."""
        self.launch()
        return self.exit_code()

    @property
    def stopped_in(self) -> float:
        """Seconds on its own clock from when it heard that it must stop to its end."""
        return read_stopping(self.folder)

    @property
    def said(self) -> str:
        return _read(self.folder / "out")

    @property
    def lines(self) -> list[str]:
        """What it has said, without what is only half written."""
        return _whole_lines(self.said)

    @property
    def errors(self) -> str:
        """Standard error: sentences for people, and log lines."""
        return _read(self.folder / "err")

    @property
    def log(self) -> list[Json]:
        """Every log line of every start, oldest first."""
        return self.log_from(0)

    def log_from(self, place: int) -> list[Json]:
        """Without the first so many of ``error_lines``."""
        return _parsed(self.error_lines[place:])

    @property
    def error_lines(self) -> list[str]:
        """What stands whole in standard error."""
        return _whole_lines(self.errors)

    @property
    def sentences(self) -> list[str]:
        """What standard error holds besides log lines."""
        return [line for line in self.errors.splitlines() if not line.startswith("{")]

    def alarms(self, place: int = 0) -> list[Json]:
        """What it has logged as an error, or worse."""
        return [line for line in self.log_from(place) if line["level"] in ALARMING]

    def logged(self, event: str) -> list[Json]:
        # Tests that wait ask again and again: only what may be it is parsed.
        named = [line for line in self.error_lines if f'"{event}"' in line]
        return [line for line in _parsed(named) if line["event"] == event]

    @property
    def has_left_work(self) -> bool:
        """Whether it says that it stopped before all that it had begun was done."""
        return bool(self.logged("work.left_for_next_start"))

    def tail(self) -> str:
        return "\n".join(self.errors.splitlines()[-15:])

    def last_words(self) -> str:
        """What it has warned of, and the end of its log."""
        told = ("warning", *ALARMING)
        worse = [line for line in self.error_lines if any(f'"{level}"' in line for level in told)]
        return "\n".join([*worse[-15:], "…", self.tail()])

    def engines(self) -> dict[str, int]:
        """The process ids of the embedded engines, as they were started last."""
        return {line["engine"]: line["pid"] for line in self._engine_starts()}

    def kill_engine(self, name: str) -> None:
        os.kill(self.engines()[name], signal.SIGKILL)

    def end(self) -> None:
        """Whatever it takes: nothing of it is left running."""
        if self._stores is not None:
            self._stores.close()
            self._stores = None
        if self.pid is not None and self.exit_code(0) is None:
            self.kill9()
        started = [line["pid"] for line in self._engine_starts()]
        wait_until(lambda: not any(map(runs, started)))

    def _engine_starts(self) -> list[Json]:
        return [
            line for line in self.log if line["event"] in {"engine.started", "engine.restarted"}
        ]


def runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _parsed(lines: Iterable[str]) -> list[Json]:
    """What of it is the log's."""
    return [json.loads(line) for line in lines if line.startswith("{")]


def _whole_lines(text: str) -> list[str]:
    """The last one may be only half written."""
    return text.split("\n")[:-1]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
