"""`yabot run` as a process of its own, on the benchmark's engines, with users in it."""

import asyncio
import json
import os
import ssl
import sys
import urllib.request
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bench.asking import ask, request
from bench.engines import Engines
from yabot.api.auth.issuing import issue
from yabot.api.auth.keys import token_keys
from yabot.api.caller import SCOPES
from yabot.embedded.ports import free_port

PATIENCE = 60.0
STOP_SECONDS = 15.0
FIRST_USER = 1_000_001


@dataclass(frozen=True, slots=True)
class Running:
    """``token`` may do everything; ``database`` is the name of ours in MongoDB."""

    folder: Path
    port: int
    token: str
    database: str
    # For who asks it; None: it is asked without TLS.
    tls: ssl.SSLContext | None = None

    def get(self, path: str) -> bytes:
        return request("GET", f"/api/v1{path}", self.token)

    def send(self, method: str, path: str, body: object, key: str | None = None) -> bytes:
        """With ``key`` as its Idempotency-Key, if there is one."""
        made = request(method, f"/api/v1{path}", self.token, json.dumps(body).encode())
        head = b"" if key is None else f"\r\nIdempotency-Key: {key}".encode()
        return made.replace(b"\r\n", head + b"\r\n", 1)

    @property
    def sqlite(self) -> Path:
        return self.folder / "data" / "yabot.db"


@asynccontextmanager
async def running(
    engines: Engines,
    name: str,
    tls: ssl.SSLContext | None = None,
    /,
    *,
    users: int = 1,
    **settings: str,
) -> AsyncIterator[Running]:
    """With so many ``users``, the first of whom is FIRST_USER, and no quota.

    ``tls`` is for who asks it, where its settings say that it listens with TLS.
    """
    folder, port = engines.folder / name, free_port()
    folder.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "YABOT_DATA_DIR": str(folder / "data"),
        "MONGODB_URI": engines.mongodb_uri,
        "MONGODB_DATABASE": name,
        "REDIS_URL": engines.redis_url,
        "API_PORT": str(port),
        "API_REQUESTS_PER_MINUTE": "10000000",
        "PLAYGROUND_PORT": str(free_port()),
        "LOG_FORMAT": "json",
        **settings,
    }
    # Before the start: a key that is made later is known only at the next look for keys.
    (folder / "data").mkdir(mode=0o700)
    token = issue(token_keys(folder / "data" / "keys"), "bench", SCOPES, timedelta(hours=1))
    command = Path(sys.executable).with_name("yabot")
    async with process(folder, command, "run", environ=environ) as started:
        scheme = "http" if tls is None else "https"
        await until_answered(f"{scheme}://127.0.0.1:{port}/health/startup", started, tls)
        program = Running(folder, port, token, name, tls)
        for number in range(users):
            await _register(program, FIRST_USER + number)
        yield program


@asynccontextmanager
async def process(
    folder: Path, *command: str | Path, environ: dict[str, str] | None = None
) -> AsyncIterator[Process]:
    """Ended with SIGTERM; what it says goes to a file."""
    with (folder / "out").open("ab") as out:
        started = await asyncio.create_subprocess_exec(
            *command, cwd=None if environ is None else folder, env=environ, stdout=out, stderr=out
        )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
            async with asyncio.timeout(STOP_SECONDS):
                await started.wait()


async def until_answered(url: str, server: Process, tls: ssl.SSLContext | None = None) -> None:
    """With 200, by a server that has been started."""
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(_answers, url, tls):
            assert server.returncode is None, "it has ended: what it said is in its folder"
            await asyncio.sleep(0.05)


def _answers(url: str, tls: ssl.SSLContext | None) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5, context=tls):
            return True
    except OSError:
        return False


async def _register(program: Running, user_id: int) -> None:
    body = {"user_id": str(user_id), "first_name": "Lucía", "language_code": "es"}
    wanted = program.send("POST", "/users", body, key=f"new-{user_id}")
    (await ask(program.port, wanted, 1, tls=program.tls)).require(201)
