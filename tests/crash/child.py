"""A program of `program.py`, as the test holds it: started, killed, stopped, and started again."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import psutil

from tests.crash.program import Orders
from tests.e2e.fork_server import ForkServer, console_environment
from tests.e2e.kill_points import KillPoint
from tests.waiting import PATIENCE, until

# Seconds that a program gets for all its work, on a machine that has other things to do as well.
MODULE = "tests.crash.program"


class Child:
    """One process after another, in a folder of its own."""

    def __init__(self, forks: ForkServer, folder: Path, orders: Orders) -> None:
        self._forks = forks
        self._folder = folder
        self._orders = orders
        self._kill_file = folder / "kill"
        self._pid: int | None = None
        # How much the processes before this one have said.
        self._said_before = 0

    @property
    def runs(self) -> bool:
        """Or is stopped: it has been started, and nobody has seen it end."""
        return self._pid is not None

    def start(self, point: KillPoint | None = None) -> None:
        """With a ``point``, its fate awaits it there."""
        assert not self.runs, "it runs already"
        self._kill_file.unlink(missing_ok=True)
        self._said_before = len(self._said())
        if point is not None:
            point.arm(self._kill_file)
        argv = [self._orders.to_json()]
        environment = console_environment()
        self._pid = self._forks.start(argv, environment, self._folder, self._kill_file, MODULE)

    async def exit_code(self) -> int:
        """How it ended, negative for a signal."""
        codes: list[int] = []

        async def has_ended() -> bool:
            assert self._pid is not None
            code = self._forks.exit_code(self._pid, 0)
            if code is not None:
                codes.append(code)
            return bool(codes)

        await until(has_ended)
        self._pid = None
        return codes[0]

    async def dies_at(self, point: KillPoint) -> None:
        self.start(point)
        assert await self.exit_code() == -signal.SIGKILL, f"not passed: {point}\n{self.tail()}"

    async def finishes(self) -> None:
        """All of its load."""
        self.start()
        assert await self.exit_code() == 0, f"it did not come to its end\n{self.tail()}"

    async def kill9(self) -> None:
        """It may be about to end by itself."""
        self.signal(signal.SIGKILL)
        assert await self.exit_code() in {-signal.SIGKILL, 0}, self.tail()

    async def stop(self) -> None:
        """As soon as it hears that it is to: before, it would just die of it."""

        async def hears() -> bool:
            return '"program.hears"' in self._said()[self._said_before :]

        await until(hears)
        self.signal(signal.SIGTERM)
        assert await self.exit_code() == 0, f"it did not stop well\n{self.tail()}"

    def signal(self, number: signal.Signals) -> None:
        assert self._pid is not None
        os.kill(self._pid, number)

    def rise(self) -> None:
        """After it was stopped; nothing of that kind awaits it any more."""
        self._kill_file.unlink(missing_ok=True)
        self.signal(signal.SIGCONT)

    async def until_stopped(self) -> None:
        """By a point whose fate is SIGSTOP."""
        process = psutil.Process(self._pid)

        async def is_stopped() -> bool:
            return bool(process.status() == psutil.STATUS_STOPPED)

        await until(is_stopped)

    async def until_logged(self, event: str) -> None:
        async def is_logged() -> bool:
            return bool(self.logged(event))

        await until(is_logged)

    def end(self) -> None:
        """Whatever it takes."""
        if self._pid is not None and self._forks.exit_code(self._pid, 0) is None:
            self.signal(signal.SIGKILL)
            self._forks.exit_code(self._pid, PATIENCE)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Such lines of every process, oldest first; the last may be only half written."""
        # Tests that wait ask again and again: only what may be it is parsed.
        lines = [line for line in self._said().split("\n")[:-1] if f'"{event}"' in line]
        log = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in log if line["event"] == event]

    def tail(self) -> str:
        return "\n".join(self._said().splitlines()[-15:])

    def _said(self) -> str:
        path = self._folder / "err"
        return path.read_text(encoding="utf-8") if path.exists() else ""
