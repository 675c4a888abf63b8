"""A running program with both engines, and the few questions that the tests ask of engines."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from pymongo import AsyncMongoClient
from pymongo.write_concern import WriteConcern
from redis.asyncio import Redis

from tests.waiting import PATIENCE, wait_until
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey

ENGINES = pytest.mark.parametrize("engine_class", [EmbeddedMongod, EmbeddedValkey])
PROGRAM = Path(__file__).with_name("program.py")

MongoClient = AsyncMongoClient[dict[str, Any]]


@dataclass
class Program:
    process: subprocess.Popen[str]
    mongodb: str
    redis: str
    mongod: int
    valkey: int

    @property
    def engines(self) -> tuple[int, int]:
        return self.mongod, self.valkey

    def watchers(self) -> list[int]:
        return [child.pid for pid in self.engines for child in psutil.Process(pid).children()]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.process.wait(PATIENCE)


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[Callable[[], Program]]:
    """Start the program on ``tmp_path``; whatever is left of it is ended after the test."""
    started: list[Program] = []

    def start() -> Program:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdout is not None
        started.append(Program(process, **json.loads(process.stdout.readline())))
        return started[-1]

    yield start
    for program in started:
        program.kill()
        wait_until_ended(program.engines)


def runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill_all(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def wait_until_ended(pids: Iterable[int]) -> None:
    wait_until(lambda: not any(runs(pid) for pid in pids))


@contextmanager
def running(engine: EmbeddedEngine, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The engine's server, looked after by nobody; killed at the end."""
    process = subprocess.Popen(
        engine.command(port), env=engine.environment(), stdout=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def started(engine: EmbeddedEngine) -> AsyncIterator[str]:
    try:
        yield await engine.start()
    finally:
        await engine.stop()


async def save(uri: str, value: str) -> None:
    """Write a value; return once the engine has acknowledged it for good."""
    if uri.startswith("redis"):
        await _with_redis(uri, lambda redis: redis.set("value", value))
        return
    async with MongoClient(uri) as client:
        safe = client.test.get_collection("kept", write_concern=WriteConcern("majority", j=True))
        await safe.replace_one({"_id": "value"}, {"value": value}, upsert=True)


async def saved(uri: str) -> str | None:
    """The value that ``save`` wrote last."""
    if uri.startswith("redis"):
        value = await _with_redis(uri, lambda redis: redis.get("value"))
        return None if value is None else str(value)
    async with MongoClient(uri) as client:
        document = await client.test.kept.find_one({"_id": "value"})
        return None if document is None else str(document["value"])


async def _with_redis(url: str, call: Callable[[Redis], Awaitable[Any]]) -> Any:
    async with Redis.from_url(url, decode_responses=True) as redis:
        return await call(redis)


def spoil_library(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For this test's children the system's library of that name is damaged."""
    folder.mkdir()
    (folder / name).touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(folder))
