"""A database that passes everything on, for tests that stand between it and whoever uses it."""

from typing import Any

from sqlalchemy import Engine

from yabot.runtime.watch import Gate
from yabot.storage.relational.database import Database, Statement


class PassingOn(Database):
    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def gate(self) -> Gate:
        return self._database.gate

    @property
    def engine(self) -> Engine:
        return self._database.engine

    async def open(self) -> None:
        await self._database.open()

    async def write(self, work: Statement[Any]) -> Any:
        return await self._database.write(work)

    def write_later(self, work: Statement[None]) -> None:
        self._database.write_later(work)

    async def flush(self) -> None:
        await self._database.flush()

    async def read(self, query: Statement[Any]) -> Any:
        return await self._database.read(query)

    def cut_log(self) -> None:
        self._database.cut_log()

    async def close(self) -> None:
        await self._database.close()
