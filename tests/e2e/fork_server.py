"""Starts `yabot` many times and imports it once: every program is a fork of one warm process.

What is forked has imported the program and done nothing else: from there on it is the console
script, in a session, folder and environment of its own. The processes of pytest-xdist share the
warm one; each has a fork of it that forks its programs.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from tests.ports import free_port
from tests.waiting import PATIENCE

WARM_PROCESS = Path(__file__).with_name("warm_process.py")
ROOT = Path(__file__).parents[2]
CONSOLE_SCRIPT = "yabot.cli.main"


class WarmProcess:
    """Imports the program when the first fork server asks, and serves all of them side by side."""

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="yabot-warm-")
        self.door = Path(self._folder.name) / "door"
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(self.door))
            door.listen()
            self._process = subprocess.Popen(
                [sys.executable, str(WARM_PROCESS), str(door.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                pass_fds=[door.fileno()],
                start_new_session=True,
            )
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._folder.cleanup()


class ForkServer:
    """Not for threads that use it at once: its process answers one question after another."""

    def __init__(self, door: Path, *modules: str) -> None:
        """``door`` is a warm process'. ``modules`` are imported once as well, for programs that
        are not the console script."""
        self._door = door
        self._modules = modules

    def __enter__(self) -> Self:
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(str(self._door))
        self._stream = self._connection.makefile("rw", encoding="utf-8")
        self._say(self._modules)
        return self

    def __exit__(self, *_error: object) -> None:
        """All its programs have ended, and so has the process that forked them."""
        self._connection.shutdown(socket.SHUT_WR)
        self._connection.settimeout(PATIENCE)
        self._stream.read()
        self._stream.close()
        self._connection.close()

    def start(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        folder: Path,
        kill_file: Path,
        module: str = CONSOLE_SCRIPT,
        *,
        patient: bool = False,
    ) -> int:
        """The process id of `yabot ARGV…`, or of another module's ``main`` with these arguments;
        it writes to ``out`` and ``err`` in its folder. ``patient``: see ``patience.py``."""
        order = {"argv": list(argv), "env": dict(env), "folder": str(folder), "module": module}
        return int(self._ask({**order, "kill_file": str(kill_file), "patient": patient})["pid"])

    def exit_code(self, pid: int, seconds: float) -> int | None:
        """How the program ended, negative for a signal; None when it still runs after that."""
        code = self._ask({"wait_for": pid, "seconds": seconds})["exit_code"]
        return None if code is None else int(code)

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self._say(question)
        line = self._stream.readline()
        assert line, "the warm process has ended: its standard error says why"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _say(self, what: object) -> None:
        self._stream.write(json.dumps(what) + "\n")
        self._stream.flush()


def console_environment() -> dict[str, str]:
    """What any program needs, and nothing of what this machine has set for YABOT."""
    return {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def listening_environment() -> dict[str, str]:
    """What a program needs to listen beside others, and to log for programs."""
    ports = {name: str(free_port()) for name in ("API_PORT", "PLAYGROUND_PORT")}
    return console_environment() | ports | {"LOG_FORMAT": "json"}
