"""A program with both engines, for tests that end it in every way: ``program.py DATA_DIR``.

Prints one line of JSON once they serve, and "interrupted" when Ctrl+C has reached it.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey


async def main(data_dir: Path) -> None:
    interrupted = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
    mongod, valkey = EmbeddedMongod(data_dir), EmbeddedValkey(data_dir)
    mongodb, redis = await asyncio.gather(mongod.start(), valkey.start())
    _say(
        json.dumps({"mongodb": mongodb, "redis": redis, "mongod": mongod.pid, "valkey": valkey.pid})
    )
    await interrupted.wait()
    _say("interrupted")
    await asyncio.to_thread(sys.stdin.readline)
    await asyncio.gather(mongod.stop(), valkey.stop())


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


asyncio.run(main(Path(sys.argv[1])))
