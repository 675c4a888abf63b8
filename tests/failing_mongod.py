"""A mongod that can be told to fail, by its own failpoints."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from typing_extensions import override

from yabot.embedded.mongod import EmbeddedMongod


class FailingMongod(EmbeddedMongod):
    @override
    def _arguments(self, port: int, data: Path) -> list[str]:
        return [*super()._arguments(port, data), "--setParameter", "enableTestCommands=1"]


@contextmanager
def running_failing_mongod(folder: Path) -> Iterator[str]:
    """Its address."""
    engine = FailingMongod(folder)
    address = asyncio.run(engine.start())
    try:
        yield address
    finally:
        asyncio.run(engine.stop())


def fail_next(uri: str, code: int, times: int, **which: Any) -> None:
    """At the next so many commands, of those ``which`` failCommand knows by its own names."""
    how = {**which, "errorCode": code}
    with MongoClient[dict[str, object]](uri) as client:
        client.admin.command("configureFailPoint", "failCommand", mode={"times": times}, data=how)
