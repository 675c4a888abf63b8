"""The base of all engines: how they are started and stopped."""

import asyncio
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from pathlib import Path
from threading import Lock
from typing import ClassVar

from yabot.child_environment import child_environment
from yabot.embedded import guardian
from yabot.embedded.binaries import find_binary
from yabot.embedded.diagnosis import Attempt, Symptom, explain
from yabot.embedded.folder import EngineFolder
from yabot.embedded.genuine import require_genuine
from yabot.embedded.leftovers import end_leftover, holders
from yabot.embedded.ports import PortTaken, candidates, is_free, listening, listens
from yabot.errors import ConfigurationError, StartupError
from yabot.observability.logging import get_logger
from yabot.runtime.backoff import backoff

START_SECONDS = 60.0  # a long journal is replayed first
STOP_SECONDS = 5.0
NOTICED_WITHIN = 0.25

log = get_logger(__name__)


class EmbeddedEngine(ABC):
    """A server of our own on the loopback interface, which lives as long as this process."""

    name: ClassVar[str]
    executables: ClassVar[Sequence[str]]
    variable: ClassVar[str]
    # The SHA-256 of the packaged program, on each system that it is packaged for.
    sums: ClassVar[Collection[str]]
    symptoms: ClassVar[Sequence[Symptom]]
    client_errors: ClassVar[type[Exception]]

    def __init__(self, data_dir: Path) -> None:
        self._folder = EngineFolder(data_dir / self.name)
        self._process: subprocess.Popen[bytes] | None = None
        # Held while it is ended: whoever was cancelled there has left that to a thread.
        self._ending = Lock()

    @property
    def pid(self) -> int | None:
        """The engine's process id while it runs."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def binary(self) -> Path:
        """The program that ``start`` runs. Raises ConfigurationError when this machine has none."""
        return find_binary(self.executables, self._packaged(), self.variable)

    def command(self, port: int) -> list[str]:
        """The command line that serves this folder's data on the port."""
        return [str(self.binary()), *self._arguments(port, self._folder.data)]

    def environment(self) -> dict[str, str]:
        """The environment that the command needs; the engine's folder exists."""
        return child_environment()

    def remark(self) -> str:
        """A remark about the program on this machine, or an empty text."""
        return ""

    def warning(self) -> str:
        """Why the program on this machine should not be relied on, or an empty text."""
        return ""

    def running(self) -> str | None:
        """The URI of this folder's engine, with its password, while another program runs it.

        Raises as ``running_on``.
        """
        port = self.running_on()
        return None if port is None else self.uri(port)

    def running_on(self) -> int | None:
        """The port of this folder's engine while another program runs it.

        Raises ConfigurationError, StartupError for what the file system refuses.
        """
        port = self._folder.kept_port()
        in_use = port is not None and self._folder.in_use()
        return port if port is not None and in_use and self._is_nobody_elses(port) else None

    async def start(self) -> str:
        """Start the engine on its data, and return its URI once it serves reads and writes.

        Raises ConfigurationError when this machine or this folder cannot serve, and StartupError
        when the engine refuses. After an error nothing is left running.
        """
        assert self._process is None, "already started"
        began = time.monotonic()
        try:
            await self._claim()
            self._port = await self._start_on_a_free_port()
        except BaseException:
            await self.stop()
            raise
        log.info(
            "engine.started",
            engine=self.name,
            port=self._port,
            pid=self.pid,
            seconds=round(time.monotonic() - began, 3),
        )
        return self.uri(self._port)

    async def stop(self) -> None:
        """End the engine and wait for it, at most STOP_SECONDS and a kill; may be repeated."""
        await asyncio.to_thread(self._end)
        self._folder.release()

    async def keep_running(self) -> None:
        """Start the engine again, on its port, whenever it ends; until cancelled."""
        for pause in backoff(first=NOTICED_WITHIN, most=10.0):
            while self.pid is not None:  # noqa: ASYNC110 - a process's end sets no event
                await asyncio.sleep(NOTICED_WITHIN)
            log.error("engine.ended", engine=self.name, log=str(self._folder.log))
            await asyncio.to_thread(self._end)
            try:
                await self._start_on(self._port)
                log.info("engine.restarted", engine=self.name, port=self._port, pid=self.pid)
            except (StartupError, ConfigurationError, PortTaken) as error:
                log.warning("engine.not_restarted", engine=self.name, reason=str(error))
                await asyncio.to_thread(self._end)
            await asyncio.sleep(pause)

    async def take_over(self, port: int) -> None:
        """Run the engine that another program runs on ``port``, once that program has ended.

        It keeps the port, because clients look for it there; then this goes on as ``keep_running``.
        """
        for pause in backoff(first=NOTICED_WITHIN, most=10.0):
            try:
                while self._folder.in_use():  # noqa: ASYNC110 - another's end sets no event
                    await asyncio.sleep(NOTICED_WITHIN)
                await self._claim()
                self._folder.keep_port(port)
                break
            except (StartupError, ConfigurationError) as error:
                log.warning("engine.not_taken_over", engine=self.name, reason=str(error))
                self._folder.release()
            await asyncio.sleep(pause)
        self._port = port
        log.info("engine.taken_over", engine=self.name, port=port)
        await self.keep_running()

    async def _claim(self) -> None:
        self._folder.claim()
        await end_leftover(self._folder, self.executables)
        self._require_genuine()

    async def _start_on_a_free_port(self) -> int:
        kept = self._folder.kept_port()
        for port in candidates(kept):
            if kept not in {None, port}:
                log.warning("engine.port_taken", engine=self.name, port=kept, instead=port)
            self._folder.keep_port(port)
            try:
                await self._start_on(port)
            except PortTaken:
                kept = port
                await asyncio.to_thread(self._end)
            else:
                return port
        raise StartupError(f"{self.name} found no free port on the loopback interface.")

    async def _start_on(self, port: int) -> None:
        self._folder.make_ready()
        # Not in a thread: it takes a millisecond, and a cancelled start would not know of an engine
        # that a thread is still starting.
        attempt = self._spawn(self.command(port))
        usable = asyncio.create_task(self._make_usable(port))
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._unless_it_ends(usable, attempt)
        except TimeoutError as error:
            raise StartupError(
                f"{self.name} was not ready after {START_SECONDS:.0f} s: its log, "
                f"{self._folder.log}, says why."
            ) from error
        finally:
            usable.cancel()

    async def _unless_it_ends(self, usable: asyncio.Task[None], attempt: Attempt) -> None:
        assert self._process is not None
        while not usable.done():
            status = self._process.poll()
            if status is not None:
                raise await asyncio.to_thread(explain, attempt, status, self.symptoms)
            await asyncio.wait([usable], timeout=0.05)
        await usable

    async def _make_usable(self, port: int) -> None:
        while True:
            await listening(port)
            self._require_ours(port)
            try:
                return await self._prepare(port)
            except self.client_errors:
                # Usually the engine is ending, and its log says why; otherwise we try again.
                await asyncio.sleep(0.05)

    def _require_genuine(self) -> None:
        """Check the packaged program; one found on PATH is the operator's own choice."""
        binary = self.binary()
        if binary == self._packaged():
            with self._folder.writing():
                stamp = self._folder.path / "genuine"
                require_genuine(binary, self.sums, stamp, self.variable)

    def _require_ours(self, port: int) -> None:
        """Raises PortTaken unless our own child listens there: nobody else may get the password."""
        if self._process is None or not listens(self._process.pid, port):
            raise PortTaken

    def _is_nobody_elses(self, port: int) -> bool:
        """True also while the engine is being started again, and nobody listens."""
        engines = holders(self._folder, self.executables)
        return is_free(port) or any(listens(engine.pid, port) for engine in engines)

    def _spawn(self, command: Sequence[str]) -> Attempt:
        with self._folder.writing(), self._folder.log.open("ab") as output:
            since = output.tell()
            # A session of its own: Ctrl+C reaches this program's whole group, and must not end
            # the engine before the last writes.
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-I", "-S", guardian.__file__, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=self._folder.path,
                env=self.environment(),
                pass_fds=[self._folder.engine.fd],
                start_new_session=True,
            )
        return Attempt(
            engine=self.name,
            variable=self.variable,
            binary=Path(command[0]),
            data=self._folder.data,
            log=self._folder.log,
            since=since,
        )

    def _end(self) -> None:
        with self._ending:
            process, self._process = self._process, None
            if process is not None:
                self._wait_for_the_end(process)

    def _wait_for_the_end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("engine.killed", engine=self.name, pid=process.pid)
            process.kill()
            process.wait()
        assert process.stdin is not None
        process.stdin.close()

    @abstractmethod
    def _packaged(self) -> Path | None:
        """The engine's program inside a wheel."""

    @abstractmethod
    def _arguments(self, port: int, data: Path) -> list[str]: ...

    @abstractmethod
    def uri(self, port: int) -> str:
        """The address, with the password, of this folder's engine at that port."""

    @abstractmethod
    async def _prepare(self, port: int) -> None:
        """Return once the engine, which listens already, serves clients that know the secret."""
