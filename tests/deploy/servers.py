"""The stores of compose.yaml on this machine: the wheels' servers with the file's arguments."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.deploy.compose_file import DEPLOY, environment
from tests.deploy.tls_front import tls_front
from tests.ports import free_port
from tests.postgres import Postgres
from tests.waiting import PATIENCE, wait_until
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey

Services = Mapping[str, Any]


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=log.parent,
            env=env,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def mongodb(services: Services, tls: Path, folder: Path) -> Iterator[int]:
    """The port. Not yet a replica set: that is what setup_mongodb.py is for."""
    port, data = free_port(), folder / "data"
    data.mkdir()
    here = {"--bind_ip_all": "--bind_ip=127.0.0.1", "--port=27017": f"--port={port}"}
    command = [
        here.get(argument, argument.replace("/tls/", f"{tls}/mongodb/"))
        for argument in services["mongodb"]["command"][1:]
    ]
    engine = EmbeddedMongod(folder)
    (folder / "mongod").mkdir()
    command = [str(engine.binary()), *command, f"--dbpath={data}"]
    with running(command, folder / "mongod.log", engine.environment()):
        yield port


@contextmanager
def redis(services: Services, tls: Path, folder: Path) -> Iterator[int]:
    """The port behind which TLS ends; Valkey itself listens on a socket, without TLS."""
    socket = folder / "valkey.sock"
    command = _without_tls(services["redis"]["command"][1:])
    here = {"/tls/users.acl": f"{tls}/redis/users.acl", "/data": str(folder)}
    command = [here.get(argument, argument) for argument in command]
    binary = EmbeddedValkey(folder).binary()
    with (
        running([binary, *command, "--unixsocket", socket], folder / "valkey.log"),
        tls_front(tls / "redis/server.pem", lambda: asyncio.open_unix_connection(socket)) as port,
    ):
        wait_until(socket.is_socket)
        yield port


def _without_tls(command: Sequence[str]) -> list[str]:
    options = zip(command[::2], command[1::2], strict=True)
    return [part for option in options if not option[0].startswith("--tls-") for part in option]


@contextmanager
def postgres(services: Services, tls: Path) -> Iterator[int]:
    """The port behind which TLS ends; as the image does it, with a password for ``postgres``."""
    # Its own user cannot enter pytest's folders.
    folder = Path(tempfile.mkdtemp(prefix="yabot-deploy-"))
    server = Postgres(folder / "postgres")
    options = dict(each.split("=", 1) for each in services["postgres"]["command"][2::2])
    server.start(log_error_verbosity=options["log_error_verbosity"])
    try:
        password = services["postgres"]["environment"]["POSTGRES_PASSWORD"]
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"ALTER ROLE postgres PASSWORD '{password}'")
            rules = Path(_row(connection, "SHOW hba_file"))
            rules.write_text((tls / "postgres/pg_hba.conf").read_text())
            connection.execute("SELECT pg_reload_conf()")
        with tls_front(
            tls / "postgres/server.pem",
            lambda: asyncio.open_unix_connection(server.socket),
            asked_first=True,
        ) as port:
            yield port
    finally:
        server.end()
        shutil.rmtree(folder)


def _row(connection: psycopg.Connection[Any], query: str) -> str:
    row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])


def set_up(
    service: str, services: Services, places: Mapping[str, str], **changed: str
) -> subprocess.CompletedProcess[str]:
    """Run a one-shot service's script with its environment."""
    given = environment(services[service], places)
    script = Path(services[service]["entrypoint"][1]).name
    return subprocess.run(
        [sys.executable, DEPLOY / script],
        env={"PATH": os.environ["PATH"], **given, **changed},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
