"""An import of the old bot's store, from its file to its report."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from yabot.app.features import FEATURES
from yabot.app.services import following_documents, open_services
from yabot.bus.backlog import unheard
from yabot.cli.context import load_settings, run_until_signalled
from yabot.cli.progress import progress, progress_bar
from yabot.errors import InvalidInput
from yabot.feature import Services
from yabot.features.besitos.service import BesitosService
from yabot.features.legacy.breath import Breath
from yabot.features.legacy.details import Details
from yabot.features.legacy.importer import Importer
from yabot.features.legacy.merger import Merger
from yabot.features.legacy.report import Report
from yabot.features.legacy.snapshot import Snapshot
from yabot.features.legacy.sources.port import Source
from yabot.features.legacy.sources.recognition import recognize
from yabot.log.backlog import waiting
from yabot.runtime.stopping import finished_before
from yabot.settings import Settings

FOLDER = "legacy"


class Stopped(Exception):
    """Somebody wants it to end: what is being read is read another time."""


@dataclass(slots=True)
class Imported:
    """Of ``path``; ``written`` is the file of the report, once it has come to its end."""

    path: Path
    report: Report
    refuse_at_most: float
    written: Path | None = None

    @property
    def stopped(self) -> bool:
        return self.written is None

    @property
    def refuses_too_many(self) -> bool:
        return self.report.refused_share > self.refuse_at_most

    def as_json(self) -> dict[str, Any]:
        return {
            "finished": not self.stopped,
            "report": str(self.written) if self.written else None,
            **self.report.counts(),
        }


def import_until_stopped(file: Path | None, *, rehearsal: bool, refuse_at_most: float) -> Imported:
    """Raises InvalidInput without a file, and for one that is no old store; what opening the stores
    raises.
    """
    settings = load_settings()
    path = file or settings.legacy_db_path
    if path is None:
        raise InvalidInput("name the old bot's file, or set LEGACY_DB_PATH to it")
    path = path.absolute()
    source, folder = recognize(path), settings.data_dir / FOLDER
    with Details.kept_in(folder) as details:
        done = Imported(path, Report(details, is_rehearsal=rehearsal), refuse_at_most)
        importing = _Importing(settings, source, folder, done)

        async def serve(stop: asyncio.Event) -> None:
            await importing.run(stop)

        run_until_signalled(serve)
    return done


@dataclass(slots=True)
class _Importing:
    settings: Settings
    source: Source
    folder: Path
    done: Imported

    async def run(self, stop: asyncio.Event) -> None:
        async with open_services(self.settings, FEATURES) as services:
            await finished_before(stop, self._bring_all(services))

    async def _bring_all(self, services: Services) -> None:
        snapshot = await self._take_snapshot()
        try:
            async with following_documents(services, FEATURES):
                await self._import(services, snapshot)
        finally:
            snapshot.close()
        report = self.done.report
        self.done.written = await asyncio.to_thread(report.details.write, report.counts())

    async def _take_snapshot(self) -> Snapshot:
        ending = threading.Event()

        def look(_read: int) -> None:
            if ending.is_set():
                raise Stopped

        with progress(f"reading {self.done.path}"):
            try:
                return await asyncio.to_thread(
                    Snapshot.take, self.source, self.done.path, self.folder, look
                )
            finally:
                ending.set()

    async def _import(self, services: Services, snapshot: Snapshot) -> None:
        report = self.done.report
        importer = Importer(
            services.commits,
            Merger(services),
            services[BesitosService],
            Breath(services.database, self.settings.data_dir, _waiting),
            rehearsal=report.is_rehearsal,
        )
        await asyncio.to_thread(report.add_snapshot, snapshot)
        with progress_bar("importing", "users") as advance:
            await importer.run(snapshot, self.source, report, advance)


def _waiting(connection: Connection) -> Mapping[str, int]:
    return waiting(connection) | unheard(connection)
