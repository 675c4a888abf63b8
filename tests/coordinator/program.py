"""The engine and the orders on an SQLite file, in a process of their own that can be killed."""

import asyncio
import logging
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.coordinator.shop import Hands, Shop
from tests.e2e import kill_points
from tests.forking import started
from tests.storage.fixtures import PATIENCE_MS
from yabot.storage.relational.sqlite import SqliteDatabase


def start(path: Path, kill_file: Path, ahead: timedelta) -> ForkServerProcess:
    """Does all there is to do by a clock that is ``ahead``, and ends; dies where it is told to."""
    return started(_main, path, kill_file, ahead)


def _main(path: Path, kill_file: Path, ahead: timedelta) -> None:
    logging.getLogger("yabot").setLevel(logging.DEBUG)
    kill_points.watch(kill_file)
    asyncio.run(_work(path, Hands(ahead)))


async def _work(path: Path, hands: Hands) -> None:
    database = SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS)
    await database.open()
    shop = Shop(database, hands)
    await shop.open()
    await shop.run()
    await database.close()
