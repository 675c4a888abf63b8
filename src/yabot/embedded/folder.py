"""An engine's folder: its data, its log, its port and its two locks."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from yabot.embedded.locks import FileLock
from yabot.embedded.secret import kept_secret
from yabot.errors import ConfigurationError, StartupError
from yabot.private_files import narrow, require_ours

MEBIBYTE = 1024 * 1024
LOG_LIMIT = 8 * MEBIBYTE
ROOM_NEEDED = 64 * MEBIBYTE  # an engine that fills its disk soon after the start helps nobody

# A file that was edited by hand, or only half written, may have any number.
PORTS = range(1, 65536)


class EngineFolder:
    """``owner`` is held by the program that uses the engine, ``engine`` by the engine itself.

    So if ``owner`` is free and ``engine`` is held, the engine is a leftover without a program.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.data = self.path / "data"
        self.log = self.path / "engine.log"
        self.owner = FileLock(self.path / "owner.lock")
        self.engine = FileLock(self.path / "engine.lock")
        self.secret_file = self.path / "secret"
        self._port = self.path / "port"

    def claim(self) -> None:
        """Make the folder, and make it ours.

        Raises ConfigurationError when it cannot be written or another program uses it, and
        StartupError when nothing fits on its disk.
        """
        with self.writing():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            require_ours(self.path, "YABOT_DATA_DIR")
            narrow(self.path)
            self.data.mkdir(mode=0o700, exist_ok=True)
            if not self.owner.acquire():
                raise ConfigurationError([self._in_use()])
            # Made before the port is kept: a program that finds the port needs the secret, too.
            self.secret()

    def make_ready(self) -> None:
        """To be called before each start of the engine, which keeps its log open while it lives.

        Raises StartupError when its disk is full, ConfigurationError when it cannot be written.
        """
        with self.writing():
            self._rotate_log()
        self._require_room()

    def secret(self) -> str:
        """The engine's password, made if there is none. Raises as ``writing``."""
        with self.writing():
            return kept_secret(self.secret_file)

    def release(self) -> None:
        self.engine.release()
        self.owner.release()

    def in_use(self) -> bool:
        """Whether another program uses this folder's engine. Raises as ``writing``."""
        with self.writing():
            if not self.owner.path.exists():
                return False
            if self.owner.acquire():
                self.owner.release()
                return False
            return True

    def kept_port(self) -> int | None:
        """The port of the last start, when there is one. Raises as ``writing``."""
        with self.writing(), suppress(FileNotFoundError, ValueError):
            port = int(self._port.read_text())
            return port if port in PORTS else None
        return None

    def keep_port(self, port: int) -> None:
        with self.writing():
            self._port.write_text(str(port))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Turn an OSError into one sentence.

        Raises StartupError when the disk is full, else ConfigurationError.
        """
        try:
            yield
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StartupError(f"{self._disk_full()}.") from error
            raise ConfigurationError(
                [
                    f"YABOT_DATA_DIR: {self.path} cannot be written ({error.strerror}): "
                    "name a folder that this user may write to."
                ]
            ) from error

    def _require_room(self) -> None:
        free = shutil.disk_usage(self.data).free
        if free < ROOM_NEEDED:
            raise StartupError(
                f"{self._disk_full()}: {free // MEBIBYTE} MiB are left, "
                f"{ROOM_NEEDED // MEBIBYTE} MiB are needed."
            )

    def _disk_full(self) -> str:
        return f"The disk of {self.data} is full; free some space there and start again"

    def _in_use(self) -> str:
        return (
            f"YABOT_DATA_DIR: {self.path} is in use by process {self.owner.taken_by()}: "
            "stop that program, or name another folder."
        )

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
