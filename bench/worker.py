"""A process of its own that works for the group: `python -m bench.worker FOLDER SQL_URL REDIS_URL`.

It ends with its standard input.
"""

import asyncio
import os
import sys
from pathlib import Path

from bench.subscribing import connected_bus, working
from yabot.log.leases import SharedLeases
from yabot.runtime.event_loop import new_event_loop


async def work(folder: Path, sql_url: str, redis_url: str) -> None:
    environ = {
        "YABOT_DATA_DIR": str(folder),
        "DATABASE_URL": sql_url,
        "REDIS_URL": redis_url,
    }
    async with connected_bus(environ, folder / f"worker-{os.getpid()}.log") as bus:
        leases = SharedLeases(bus.commits.database)
        async with working(bus, leases, [bus.inserting()]):
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(work(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
