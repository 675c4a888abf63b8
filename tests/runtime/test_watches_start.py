"""In which order a program reaches its stores."""

import asyncio

import pytest

from yabot.app.watches import start_watches
from yabot.errors import StartupError
from yabot.runtime.watch import Gate, StoreWatch

LONG = 60.0


async def nothing() -> None:
    """It answers."""


async def test_tables_are_made_before_anything_in_another_store_is_prepared() -> None:
    tables: list[str] = []

    async def make_tables() -> None:
        await asyncio.sleep(0.01)
        tables.append("all")

    async def prepare() -> None:
        assert tables, "what is prepared reads them"

    watches = {
        "mongodb": StoreWatch(Gate("MongoDB"), prepare, nothing),
        "sql": StoreWatch(Gate("SQLite"), make_tables, nothing),
    }
    await start_watches(watches, LONG)
    for watch in watches.values():
        await watch.stop()


async def test_a_store_that_refuses_is_told_of() -> None:
    async def refuse() -> None:
        raise StartupError("it is another program's")

    watches = {name: StoreWatch(Gate(name), refuse, nothing) for name in ("sql", "redis")}
    with pytest.raises(StartupError):
        await start_watches(watches, LONG)
