"""Old bots that use the drop-in module: child processes, beside whoever else is at work."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.e2e.fork_server import console_environment
from tests.storage.fixtures import PARTITIONS, PATIENCE_MS
from yabot.storage.relational.database import Database

CHECKOUT = Path(__file__).parents[3]
DROP_IN = "yabot.legacy_access"


def settings_of(database: Database, mongodb: str, name: str, data: Path) -> dict[str, str]:
    """As an operator sets them for a program on the test's own stores."""
    url = database.engine.url
    where = (
        {"SQLITE_DATABASE_PATH": str(url.database)}
        if url.get_backend_name() == "sqlite"
        else {"DATABASE_URL": url.render_as_string(hide_password=False)}
    )
    return {
        **where,
        "SQL_TIMEOUT_MS": str(PATIENCE_MS),
        "BUS_PARTITIONS": str(PARTITIONS),
        "MONGODB_URI": mongodb,
        "MONGODB_DATABASE": name,
        "YABOT_DATA_DIR": str(data),
    }


async def ran(settings: Mapping[str, str], *arguments: str) -> tuple[str, str]:
    """What a Python program says, on both outputs; it has to end well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        env={**console_environment(), **settings, "PYTHONPATH": str(CHECKOUT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await process.communicate()
    assert process.returncode == 0, complained.decode()
    return said.decode(), complained.decode()


async def at_work(
    settings: Mapping[str, str], readers: Sequence[int], *, turns: int, seeds: Sequence[int]
) -> Counter[int]:
    """A process for each of ``seeds`` plays ``turns``. What each reader has gained by all."""
    told = ("--readers", *readers, "--turns", turns, "--seed", *seeds)
    program = ("-m", "tests.features.legacy.old_bot", "-", "--through", DROP_IN)
    said, _ = await ran(settings, *program, *map(str, told))
    return Counter({int(reader): kisses for reader, kisses in json.loads(said).items()})
