"""Processes that handle toy events on a SQLite file, and kill themselves in the middle of it.

One begins after another, until one has nothing left to handle. Each ends by kill -9 at a certain
one of its handlings, in the handler or right after the commit. Users 7 and 8 poke ten times each,
and one poke fails for good.
"""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.bus.process import Poked, Process, poking, settled, toy
from tests.forking import started
from tests.storage.fixtures import PATIENCE_MS, redis_away
from tests.waiting import PATIENCE, until
from yabot.log.commit_log import Committed
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.sqlite import SqliteDatabase
from yabot.subscriber import Event

# There are 21 events; one is tried several times.
MOST_LIVES = 40


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def live(path: Path, moment: str, mortal_call: int) -> None:
    calls = 0

    async def handle(event: Event[Poked], work: UnitOfWork) -> None:
        nonlocal calls
        calls += 1
        if calls == mortal_call and moment == "in the handler":
            die()
        if event.payload.word == "poison":
            raise RuntimeError("never")

    def after_commit(committed: Committed) -> None:
        if calls >= mortal_call and committed.cause.consumer == "toy":
            die()

    # Nobody is there: the log is road enough.
    redis = redis_away()
    database = SqliteDatabase(path, pool_size=2, timeout_ms=PATIENCE_MS)
    process = Process(database, redis, {"test": [toy(handle)]})
    process.commits.followers.append(after_commit)
    await process.start()
    for user in ("7", "8"):
        words = [f"{n}" for n in range(10)]
        await process.commits.commit(poking(user, *words[:5]))
        await process.commits.commit(poking(user, *words[5:]))
    await process.commits.commit(poking("8", "poison"))
    await until(lambda: settled(database))
    await process.stop()


def lives(path: Path, moment: str, mortal_call: int) -> Iterator[int | None]:
    """How each ended; the last one with 0. Each brings the work on, so they come to an end."""
    for _ in range(MOST_LIVES):
        process = started(_live, path, moment, mortal_call)
        process.join(PATIENCE)
        yield process.exitcode
        if process.exitcode == 0:
            return
    raise AssertionError(f"{MOST_LIVES} lives, and still there is something to handle")


def _live(path: Path, moment: str, mortal_call: int) -> None:
    asyncio.run(live(path, moment, mortal_call))
