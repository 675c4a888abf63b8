"""Processes that handle toy events on a SQLite file, and kill themselves in the middle of it.

``python -m tests.bus.mortal FILE MOMENT CALLS`` starts one after another until one has nothing left
to handle. At its CALLS-th handling each ends by kill -9, in the handler or right after the commit.
Prints how they ended. Users 7 and 8 poke ten times each, and one poke fails for good.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from redis.asyncio import Redis

from tests.bus.process import Poked, Process, poking, settled, toy
from tests.waiting import until
from yabot.storage.relational.commit_log import Committed
from yabot.storage.relational.sqlite import SqliteDatabase
from yabot.storage.relational.unit_of_work import UnitOfWork
from yabot.subscriber import Event


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
    redis = Redis(port=1)
    database = SqliteDatabase(path, pool_size=2, timeout_ms=5000)
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


def lives(path: Path, moment: str, mortal_call: int) -> Iterator[int]:
    """How each ended. Forked, because importing everything takes longer than a life."""
    code = -1
    while code != 0:
        child = os.fork()
        if child == 0:
            asyncio.run(live(path, moment, mortal_call))
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        yield code


if __name__ == "__main__":
    print(json.dumps([*lives(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))]))
