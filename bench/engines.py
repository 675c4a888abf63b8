"""The engines that all figures share, in a folder of their own that is gone afterwards."""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from yabot.embedded.mongod import EmbeddedMongod
from yabot.embedded.valkey import EmbeddedValkey


@dataclass(frozen=True, slots=True)
class Engines:
    """``folder`` is for the SQLite files: ours and the baseline's on one disk."""

    folder: Path
    mongodb_uri: str
    redis_url: str


@asynccontextmanager
async def running_engines() -> AsyncIterator[Engines]:
    folder = Path(tempfile.mkdtemp(prefix="yabot-bench-"))
    mongod, valkey = EmbeddedMongod(folder / "engines"), EmbeddedValkey(folder / "engines")
    try:
        yield Engines(folder, await mongod.start(), await valkey.start())
    except BaseException:
        print(f"The logs stay in {folder}", file=sys.stderr)
        raise
    finally:
        await valkey.stop()
        await mongod.stop()
    shutil.rmtree(folder, ignore_errors=True)
