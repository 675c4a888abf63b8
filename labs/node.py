"""One Valkey process, with a folder and a port that it keeps over kills and starts."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from labs.ports import Reservation
from labs.waiting import PATIENCE, until
from yabot.embedded import guardian
from yabot.embedded.ports import LOOPBACK
from yabot.embedded.valkey import EmbeddedValkey

Setting = tuple[str, ...]


class Node:
    """It ends with the process that has started it, however that ends."""

    def __init__(
        self,
        folder: Path,
        settings: Sequence[Setting],
        *,
        password: str | None = None,
        is_sentinel: bool = False,
    ) -> None:
        self._reservation = Reservation()
        self.port = self._reservation.port
        self.is_frozen = False
        self.password = password
        self._folder = folder
        self._mode = ["--sentinel"] if is_sentinel else []
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        own: list[Setting] = [("bind", LOOPBACK), ("port", str(self.port)), ("dir", str(folder))]
        if password is not None:
            own.append(("requirepass", password))
        # Its own file: Valkey writes into it what a failover has made of the node.
        self._file.write_text("".join(f"{' '.join(line)}\n" for line in [*own, *settings]))

    @property
    def _file(self) -> Path:
        return self._folder / "node.conf"

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None, "it does not run"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Neither killed nor frozen."""
        return self._process is not None and not self.is_frozen

    def start(self) -> None:
        """Once it answers, where it was, with what it had."""
        binary = str(EmbeddedValkey(self._folder).binary())
        guarded = [sys.executable, "-I", "-S", guardian.__file__]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*guarded, binary, str(self._file), *self._mode],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers)

    def ask(self, *command: str) -> Any:
        """One command, to this node alone. Raises RedisError; not for a frozen one."""
        with Redis(
            host=LOOPBACK,
            port=self.port,
            password=self.password,
            decode_responses=True,
            socket_timeout=PATIENCE,
            # Nothing is told of the client: to find out its version takes longer than to ask.
            driver_info=None,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return client.execute_command(*command)

    def kill(self) -> None:
        """As by kill -9; it stays away until ``start``."""
        self._signal(signal.SIGKILL)
        self._wait()

    def freeze(self) -> None:
        """SIGSTOP: it takes connections and answers nothing."""
        self._signal(signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)
        self.is_frozen = False

    def end(self) -> None:
        """May be repeated."""
        if self._process is not None:
            # A frozen one dies of it as well, and one that has ended by itself is no error.
            self._process.send_signal(signal.SIGKILL)
            self._wait()
        self._reservation.release()

    def revive(self) -> None:
        """Running again, whatever has been done to it."""
        if self._process is None:
            self.start()
        else:
            self.thaw()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            self.ask("PING")
        except RedisError:
            return False
        return True

    def _signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def _wait(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.wait()
        self._process.stdin.close()
        self._process = None
        self.is_frozen = False
