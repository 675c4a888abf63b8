"""How fast users of the old bot are imported, and whether memory grows with how many they are."""

import asyncio
import json
import os
import sys
from itertools import count
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from bench.engines import Engines
from bench.figures import Figure, Target, alternate
from bench.legacy_bare import Brought, rate_by_hand, read_brought
from yabot.app.features import FEATURES
from yabot.app.services import following_documents, open_services
from yabot.features.besitos.service import BesitosService
from yabot.features.legacy.importing.breath import Breath
from yabot.features.legacy.importing.details import Details
from yabot.features.legacy.importing.importer import CHUNK, Importer
from yabot.features.legacy.importing.report import Report
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.log.backlog import waiting
from yabot.settings import ConfigManager, Settings

ROUNDS = 3
USERS = 3_000
FEW, MANY = 1_000, 20_000
FIRST_ID = 700_000_000


async def legacy_import_figures(engines: Engines) -> list[Figure]:
    folder = engines.folder / "bench_legacy"
    folder.mkdir()
    store, numbers = folder / "db.json", count(1)
    write_store(store, USERS)
    brought = await _first(engines, store, folder / "first")

    async def by_hand() -> float:
        path = folder / f"bare{next(numbers)}.db"
        return await asyncio.to_thread(rate_by_hand, engines, brought, path)

    async def ours() -> float:
        return await _rate(_settings(engines, folder / f"ours{next(numbers)}"), store)

    pairs = await alternate(by_hand, ours, ROUNDS)
    few, many = [await _memory(engines, folder, users) for users in (FEW, MANY)]
    return [
        pairs.figure(f"{USERS:,} users of db.json imported", "users/s", Target("at least", 0.5)),
        Figure(
            f"memory of `yabot legacy import` for {MANY:,} users, beside {FEW:,}",
            "MB",
            many,
            few,
            many / few,
            (Target("at most", 1.2),),
        ),
    ]


def write_store(path: Path, users: int) -> None:
    """One user at a time."""
    random = Random(1)
    with path.open("w", encoding="utf-8") as file:
        for n in range(users):
            file.write(f"{', ' if n else '{'}{json.dumps(str(FIRST_ID + n))}: ")
            json.dump(_profile(FIRST_ID + n, random), file)
        file.write("}")


def _profile(telegram_id: int, random: Random) -> dict[str, Any]:
    """A reader after some weeks with the old bot."""
    visited = ["intro", "cap1_puerta", "cap2_salon", "cap3_biblioteca"][: random.randint(0, 4)]
    role = random.choices(("free", "vip"), (90, 10))[0]
    return {
        "telegram_id": telegram_id,
        "username": random.choice((None, f"lector_{telegram_id}")),
        "first_name": random.choice(("Ana", "José María", "Usuario", "李")),
        "kisses": random.randint(0, 400),
        "inventory": random.choices(("rosa", "Carta de Lucien", "llave"), k=random.randint(0, 4)),
        "achievements": random.sample(("first_kiss", "Paciente"), random.randint(0, 2)),
        "role": role,
        "vip_expiry": "2031-05-15T12:00:00Z" if role == "vip" else None,
        "last_daily_claim": random.choice((None, "2026-10-31T08:15:02.123456")),
        "current_narrative_fragment": visited[-1] if visited else None,
        "narrative_choices": dict.fromkeys(visited, "abrir"),
        "metadata": random.choice(({}, {"source": "tiktok", "visits": random.randint(1, 90)})),
    }


async def _first(engines: Engines, store: Path, data: Path) -> Brought:
    """One import, for the rows and documents that it leaves."""
    settings = _settings(engines, data)
    await _rate(settings, store)
    async with open_services(settings, FEATURES) as services:
        documents = await services.documents["users"].find().sort("_id").to_list()
    return read_brought(settings.sql.sqlite_path, documents, CHUNK)


async def _rate(settings: Settings, store: Path) -> float:
    """Users in a second: from the file until both stores have them."""
    async with open_services(settings, FEATURES) as services:
        async with following_documents(services, FEATURES):
            started = perf_counter()
            users = await _import(services, settings, store)
        # Its last document has arrived when the follower has ended.
        return users / (perf_counter() - started)


async def _import(services: Any, settings: Settings, store: Path) -> int:
    folder = settings.data_dir / "legacy"
    with Details.kept_in(folder) as details:
        report = Report(details)
        snapshot = await asyncio.to_thread(Snapshot.take, JsonFile(), store, folder)
        importer = Importer(
            services.commits,
            Merger(services),
            services[BesitosService],
            Breath(services.database, settings.data_dir, waiting),
        )
        await importer.run(snapshot, JsonFile(), report, lambda _done, _total: None)
        snapshot.close()
    assert report.reconciles, "every besito is accounted for"
    return report.outcomes["imported"]


async def _memory(engines: Engines, folder: Path, users: int) -> float:
    """The most that the command has had, in megabytes."""
    store, data = folder / f"db{users}.json", folder / f"data{users}"
    await asyncio.to_thread(write_store, store, users)
    probe = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.legacy_import",
        str(store),
        env={**os.environ, **_variables(engines, data)},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await probe.communicate()
    assert probe.returncode == 0, "it says why above"
    return float(said.splitlines()[-1])


def _settings(engines: Engines, data: Path) -> Settings:
    data.mkdir(mode=0o700)
    return ConfigManager(environ=_variables(engines, data)).load()


def _variables(engines: Engines, data: Path) -> dict[str, str]:
    return {
        "YABOT_DATA_DIR": str(data),
        "MONGODB_URI": engines.mongodb_uri,
        "MONGODB_DATABASE": f"bench_{data.name}",
        "REDIS_URL": engines.redis_url,
        "LOG_LEVEL": "WARNING",
    }


def main() -> None:
    """Runs the command in this process, and says the most memory that it has had."""
    from yabot.cli.legacy.importing import import_until_stopped

    done = import_until_stopped(Path(sys.argv[1]), rehearsal=False, refuse_at_most=0)
    assert not done.stopped
    print(_peak())


def _peak() -> float:
    """In megabytes. What the kernel says of a process's children counts who has started them."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) / 1000


if __name__ == "__main__":
    main()
