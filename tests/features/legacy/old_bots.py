"""Old bots that use the drop-in module: child processes, beside whoever else is at work."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.e2e.fork_server import ForkServer, console_environment
from tests.e2e.patience import SETTINGS
from tests.storage.fixtures import PARTITIONS, PATIENCE_MS
from tests.waiting import PATIENCE, until
from yabot.storage.relational.database import Database

CHECKOUT = Path(__file__).parents[3]
DROP_IN = "yabot.legacy_access"
OLD_BOT = "tests.features.legacy.old_bot"


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


@dataclass
class Child:
    """A Python program; ``complaints`` are its standard error's, when it has ended."""

    process: Process
    complaints: list[str] = field(default_factory=list)

    async def line(self) -> str:
        """The next that it says."""
        assert self.process.stdout is not None
        said = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
        return said.decode().rstrip("\n")

    async def say(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        await self.process.stdin.drain()


@asynccontextmanager
async def started(settings: Mapping[str, str], *arguments: str) -> AsyncIterator[Child]:
    """It has to end well, behind what is done with it."""
    child = Child(
        await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env={**console_environment(), **settings, "PYTHONPATH": str(CHECKOUT)},
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
    )
    try:
        yield child
        _, complained = await asyncio.wait_for(child.process.communicate(), PATIENCE)
        child.complaints = complained.decode().splitlines()
        assert child.process.returncode == 0, complained.decode()
    finally:
        if child.process.returncode is None:
            child.process.kill()


async def ran(settings: Mapping[str, str], *arguments: str) -> tuple[str, list[str]]:
    """What a Python program says that asks for nothing, and what it complains of."""
    async with started(settings, *arguments) as child:
        said = await child.line()
    return said, child.complaints


async def at_work(
    forks: ForkServer,
    settings: Mapping[str, str],
    readers: Sequence[int],
    *,
    turns: int,
    seeds: Sequence[int],
) -> Counter[int]:
    """A process for each of ``seeds`` plays ``turns``. What each reader has gained by all."""
    told = ("-", "--through", DROP_IN, "--readers", *readers, "--turns", turns, "--seed", *seeds)
    with TemporaryDirectory(prefix="old-bots-") as place:
        folder = Path(place)
        env = {**console_environment(), **SETTINGS, **settings}
        argv = [*map(str, told)]
        pid = forks.start(argv, env, folder, folder / "kill", OLD_BOT, patient=True)

        async def have_played() -> bool:
            return forks.exit_code(pid, 0) is not None

        await until(have_played)
        assert forks.exit_code(pid, 0) == 0, (folder / "err").read_text()
        said = (folder / "out").read_text()
    return Counter({int(reader): kisses for reader, kisses in json.loads(said).items()})
