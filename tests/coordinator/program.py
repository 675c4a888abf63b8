"""The engine and the orders on an SQLite file, in a process of their own that can be killed."""

import asyncio
import logging
import multiprocessing
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.coordinator.shop import Hands, Shop
from tests.e2e import kill_points
from yabot.storage.relational.sqlite import SqliteDatabase

# Imported once, in a process without threads, of which each program is a fork.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def start(path: Path, kill_file: Path, ahead: timedelta) -> ForkServerProcess:
    """Does all there is to do by a clock that is ``ahead``, and ends; dies where it is told to."""
    process = _context.Process(target=_main, args=(path, kill_file, ahead))
    process.start()
    return process


def _main(path: Path, kill_file: Path, ahead: timedelta) -> None:
    logging.getLogger("yabot").setLevel(logging.DEBUG)
    kill_points.watch(kill_file)
    asyncio.run(_work(path, Hands(ahead)))


async def _work(path: Path, hands: Hands) -> None:
    database = SqliteDatabase(path, pool_size=2, timeout_ms=5000)
    await database.open()
    shop = Shop(database, hands)
    await shop.open()
    await shop.run()
    await database.close()
