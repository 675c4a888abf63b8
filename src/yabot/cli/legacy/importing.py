"""An import of the old bot's store, from its file to its report."""

import asyncio
import threading
from collections.abc import Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection

from yabot.app.features import FEATURES
from yabot.app.services import following_documents, open_services
from yabot.bus.backlog import unheard
from yabot.cli.context import load_settings, run_until_signalled
from yabot.cli.legacy.back import back_to_the_old_bot, file_errors_told
from yabot.cli.progress import progress, progress_bar
from yabot.errors import InvalidInput
from yabot.feature import Services
from yabot.features.besitos.service import BesitosService
from yabot.features.legacy.alone import alone_at_work
from yabot.features.legacy.ending.judging import Judging
from yabot.features.legacy.ending.rollback import RolledBack
from yabot.features.legacy.events import Reason
from yabot.features.legacy.importing.breath import Breath
from yabot.features.legacy.importing.details import Details
from yabot.features.legacy.importing.importer import CHUNK, CONSUMER, Importer
from yabot.features.legacy.importing.report import Report
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.phases import Migration, Migrations
from yabot.features.legacy.side_by_side.dual import FOLDER
from yabot.features.legacy.snapshots.snapshot import FILE, Snapshot
from yabot.features.legacy.sources.port import Source
from yabot.features.legacy.sources.recognition import recognize
from yabot.features.legacy.verifying.verification import Verification
from yabot.features.legacy.verifying.verifier import Subject
from yabot.features.users.service import UserService
from yabot.log.backlog import waiting
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.runtime.heap import collect_seldom
from yabot.runtime.stopping import finished_before
from yabot.settings import Settings

# Who changes phases, for the audit log.
BY = "yabot legacy import"


class Stopped(Exception):
    """The import is to end: what it is reading will be read another time."""


@dataclass(slots=True)
class Imported:
    """An import of ``path``; ``written`` is the report's file, once the import has finished."""

    path: Path
    report: Report
    refuse_at_most: float
    written: Path | None = None
    verification: Verification | None = None
    rolled_back: RolledBack | None = None

    @property
    def stopped(self) -> bool:
        return self.written is None

    @property
    def refuses_too_many(self) -> bool:
        return self.report.refused_share > self.refuse_at_most

    @property
    def failure(self) -> Reason | None:
        """Why the import is rolled back, if it is the first one of its migration."""
        if self.refuses_too_many:
            return "too_many_refused"
        return "verification_failed" if self.unlike else None

    @property
    def unlike(self) -> int:
        """How many users are not here as in the old store, although they were not refused."""
        if self.verification is None:
            return 0
        found = self.verification.counts
        refused_by_stores = self.report.refused - found["refused"]
        return found["differs"] + max(0, found["only_there"] - refused_by_stores)

    def as_json(self) -> dict[str, Any]:
        return {
            "finished": not self.stopped,
            "report": str(self.written) if self.written else None,
            "failed": self.failure,
            "verification": self.verification.as_json() if self.verification else None,
            "rolled_back": self.rolled_back.counts() if self.rolled_back else None,
            **self.report.counts(),
        }


def import_until_stopped(file: Path | None, *, rehearsal: bool, refuse_at_most: float) -> Imported:
    """Raises InvalidInput without a file, for a file that is no old store, and while another
    command is at work; and what opening the stores raises.
    """
    settings = load_settings()
    path = file or settings.legacy_db_path
    if path is None:
        raise InvalidInput("name the old bot's file, or set LEGACY_DB_PATH to it")
    path = path.absolute()
    source, folder = recognize(path), settings.data_dir / FOLDER
    # Nearly all files that are written are in this folder.
    mended = "mend that, and run the import again, it goes on from there"
    # A rehearsal changes nothing.
    alone = nullcontext() if rehearsal else alone_at_work(folder)
    with file_errors_told(folder, mended), alone, Details.kept_in(folder) as details:
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
            collect_seldom()
            # No reader takes a next step here, so the cache can be smaller than usual.
            services[UserService].cache.keep(CHUNK)
            work = self._rehearse if self.done.report.is_rehearsal else self._bring_all
            await finished_before(stop, work(services))

    async def _rehearse(self, services: Services) -> None:
        """Rehearse on a snapshot of its own: the usual one belongs to a migration, perhaps of
        another store."""
        with TemporaryDirectory(prefix="rehearsal-", dir=self.folder) as folder:
            await self._import(services, Merger(services, most_items=0), Path(folder))
        await self._write()

    async def _bring_all(self, services: Services) -> None:
        migrations = Migrations(services.database, BY)
        begun = await self._begin(services, migrations)
        # The path with which the migration began: by that one the snapshot knows the store.
        self.done.path = begun.path
        async with following_documents(services, FEATURES):
            await self._import(services, Merger(services), self.folder, migrations)
            if not self.done.refuses_too_many:
                self.done.verification = await self._verify(services, migrations, begun)
            if self.done.failure is None:
                await self._end(services, migrations)
            elif begun.phase == "importing":
                self.done.rolled_back = await back_to_the_old_bot(
                    services, self.settings, BY, self.done.failure
                )
        await self._write()

    async def _begin(self, services: Services, migrations: Migrations) -> Migration:
        path, kind = self.done.path, self.source.kind

        async def begin(work: UnitOfWork) -> Migration:
            return await migrations.begin(work, kind, path, self.folder / FILE)

        return (await services.commits.decide(_cause(), begin)).answer

    async def _verify(
        self, services: Services, migrations: Migrations, begun: Migration
    ) -> Verification:
        # Users who are only here, or newer here, have not come by the import.
        subject = Subject(self.source, begun.path, mirrored=False)
        with progress_bar("verifying", "users") as advance:
            return await Judging(services, migrations, self.folder).run(subject, advance)

    async def _end(self, services: Services, migrations: Migrations) -> None:
        async def end(work: UnitOfWork) -> None:
            await migrations.enter(work, "dual", self.done.report.counts())

        await services.commits.decide(_cause(), end)

    async def _import(
        self,
        services: Services,
        merger: Merger,
        folder: Path,
        migrations: Migrations | None = None,
    ) -> None:
        report = self.done.report
        importer = Importer(
            services.commits,
            merger,
            services[BesitosService],
            Breath(
                services.database,
                self.settings.data_dir,
                _waiting,
                elsewhere=self.settings.sql.database_url is not None,
            ),
            rehearsal=report.is_rehearsal,
            hold=migrations.hold_open if migrations else None,
        )
        with closing(await self._take_snapshot(folder)) as snapshot:
            await asyncio.to_thread(report.add_snapshot, snapshot)
            with progress_bar("importing", "users") as advance:
                await importer.run(snapshot, self.source, report, advance)

    async def _take_snapshot(self, folder: Path) -> Snapshot:
        ending = threading.Event()

        def look(_read: int) -> None:
            if ending.is_set():
                raise Stopped

        with progress(f"reading {self.done.path}"):
            try:
                return await asyncio.to_thread(
                    Snapshot.take, self.source, self.done.path, folder, look
                )
            finally:
                ending.set()

    async def _write(self) -> None:
        report = self.done.report
        self.done.written = await asyncio.to_thread(report.details.write, report.counts())


def _cause() -> Cause:
    return Cause.of_its_own(CONSUMER, "legacy")


def _waiting(connection: Connection) -> Mapping[str, int]:
    return waiting(connection) | unheard(connection)
