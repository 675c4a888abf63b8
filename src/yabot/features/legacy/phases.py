"""How far the migration is: one row, which is read before either side is touched.

::

    importing ──► dual ──► completed
        │           │          │
        └───────────┴──────────┴──► rolling_back ──► rolled_back ──► (another import)

Every process asks SQL, so a change of the phase is known everywhere at once, without a restart.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from yabot.clock import utc_now
from yabot.errors import InvalidInput, StartupError
from yabot.features.legacy.events import LegacyMigrationChanged, Phase, Reason
from yabot.features.legacy.tables import legacy_migrations
from yabot.log.audit import audited
from yabot.log.unit_of_work import UnitOfWork, guard
from yabot.storage.relational.database import Database, Statement

STEPS: Mapping[Phase, tuple[Phase, ...]] = {
    "importing": ("dual", "rolling_back"),
    "dual": ("completed", "rolling_back"),
    "completed": ("rolling_back",),
    "rolling_back": ("rolled_back",),
    "rolled_back": (),
}
AUDITED = "legacy_migration"


@dataclass(frozen=True, slots=True)
class Migration:
    """A row of ``legacy_migrations``; ``report`` are counts, no names and no texts."""

    number: int
    phase: Phase
    kind: str
    path: Path
    snapshot: Path
    began_at: datetime
    changed_at: datetime
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether both bots may be at work, and each side follows the other."""
        return self.phase in ("importing", "dual")

    def is_of(self, path: Path) -> bool:
        """Whether ``path`` is the store that is migrated; links are followed."""
        return self.path.resolve() == path.resolve()


def in_migration_mode(migration: Migration | None) -> bool:
    """Whether LEGACY_DB_PATH, if it is set, is to be read and written."""
    return migration is None or migration.is_open


def why_of_another(migration: Migration | None, path: Path | None) -> str | None:
    """A sentence for when LEGACY_DB_PATH, which is ``path``, is not the store that is migrated,
    with what to do. None: it is that store, or no migration is open.

    Otherwise one file would be followed, and the other one, which may be out of date, written back.
    """
    if migration is None or path is None or not migration.is_open or migration.is_of(path):
        return None
    return (
        f"names {path}, and another file was imported: set it to {migration.path} (in a container, "
        "bring the file in under that path), or roll back with `yabot legacy rollback`, and import "
        "the other one"
    )


def is_rolling_back(migration: Migration | None) -> bool:
    """Whether a roll-back is at work on both sides, which everybody else must leave alone."""
    return migration is not None and migration.phase == "rolling_back"


_columns = tuple(
    legacy_migrations.c[name]
    for name in (
        "number",
        "phase",
        "kind",
        "path",
        "snapshot",
        "began_at",
        "changed_at",
        "report",
    )
)
_current = select(*_columns).order_by(legacy_migrations.c.number.desc()).limit(1)
_shared = _current.with_for_update(read=True)
_alone = _current.with_for_update()
_begin = insert(legacy_migrations)
_change = (
    update(legacy_migrations)
    .where(legacy_migrations.c.number == bindparam("of_number"))
    .values(
        phase=bindparam("new_phase"),
        changed_at=bindparam("now"),
        report=bindparam("counts"),
    )
)


def current(connection: Connection) -> Migration | None:
    """The newest migration; None: there was none."""
    return _of(connection.execute(_current).first())


def held(seen: Migration | None) -> Statement[None]:
    """Fails its guard if the phase is not ``seen``'s any more; locks it until the commit."""

    def check(connection: Connection) -> None:
        _require_as_seen(_of(connection.execute(_shared).first()), seen)

    return check


class Migrations:
    """``current`` reads what is committed; the other methods only add to a unit of work."""

    def __init__(self, database: Database, by: str = "the program") -> None:
        """``by``: who changes phases, for the audit log."""
        self._database = database
        self._by = by

    async def current(self) -> Migration | None:
        """As ``current``. Raises StoreUnavailable."""
        return await self._database.read(current)

    def hold(self, work: UnitOfWork, seen: Migration | None) -> None:
        """Let the unit fail its guard when the phase is not ``seen``'s any more at its commit.

        To be called for each change of one side because of the other, so that none comes after a
        switch-over or a roll-back.
        """
        work.add(held(seen))

    async def hold_open(self, work: UnitOfWork) -> None:
        """As ``hold``, in whichever phase lets both bots work. Raises StartupError when the
        migration is not open any more."""
        migration = await self.current()
        if migration is None or not migration.is_open:
            raise StartupError("the migration has been completed or rolled back meanwhile")
        self.hold(work, migration)

    async def begin(
        self,
        work: UnitOfWork,
        kind: str,
        path: Path,
        snapshot: Path,
        report: Mapping[str, Any] | None = None,
    ) -> Migration:
        """The migration of that store, in the phase ``importing``; one that is open goes on as it
        is.

        Raises InvalidInput while another store's migration is open, and when the last one is
        complete or half rolled back.
        """
        last = await self.current()
        if last is not None and last.phase != "rolled_back":
            _require_to_go_on(last, path)
            self.hold(work, last)
            return last
        now = utc_now()
        number = 1 if last is None else last.number + 1
        begun = Migration(number, "importing", kind, path, snapshot, now, now, report or {})

        def add(connection: Connection) -> None:
            _require_as_seen(_of(connection.execute(_alone).first()), last)
            connection.execute(_begin, _row(begun))

        work.add(add)
        self._tell(work, begun, None)
        return begun

    async def enter(
        self,
        work: UnitOfWork,
        phase: Phase,
        report: Mapping[str, Any] | None = None,
        *,
        reason: Reason | None = None,
    ) -> Migration:
        """The migration in its next ``phase``; without a ``report`` it keeps its own. ``reason`` is
        given when the program decides this by itself.

        Entering the current phase only replaces the report. Raises InvalidInput for a step that is
        not in ``STEPS``.
        """
        seen = await self.current()
        if seen is None:
            raise InvalidInput("there is no migration; `yabot legacy import FILE` begins one")
        if phase != seen.phase and phase not in STEPS[seen.phase]:
            raise InvalidInput(_REFUSALS[seen.phase])
        counts = seen.report if report is None else report
        entered = replace(seen, phase=phase, changed_at=utc_now(), report=counts)

        def change(connection: Connection) -> None:
            _require_as_seen(_of(connection.execute(_alone).first()), seen)
            row = _row(entered)
            values = {
                "of_number": row["number"],
                "new_phase": row["phase"],
                "now": row["changed_at"],
                "counts": row["report"],
            }
            connection.execute(_change, values)

        work.add(change)
        if phase != seen.phase:
            self._tell(work, entered, reason)
        return entered

    def _tell(self, work: UnitOfWork, entered: Migration, reason: Reason | None) -> None:
        told = {"migration": entered.number, "phase": entered.phase, "by": self._by}
        if reason is not None:
            told["reason"] = reason
        work.add(audited(AUDITED, told))
        work.publish(
            LegacyMigrationChanged(migration=entered.number, phase=entered.phase, reason=reason)
        )


_REFUSALS: Mapping[Phase, str] = {
    "importing": "the import has not been done to its end; run `yabot legacy import FILE` again",
    "dual": "both bots are at work: the migration can be completed or rolled back",
    "completed": "the migration is complete; what it can still be is rolled back, with `yabot "
    "legacy rollback`",
    "rolling_back": "the migration is half taken back; `yabot legacy rollback` ends that",
    "rolled_back": "the migration has been rolled back; `yabot legacy import FILE` begins another",
}


def _require_to_go_on(last: Migration, path: Path) -> None:
    if not last.is_open:
        raise InvalidInput(_REFUSALS[last.phase])
    if not last.is_of(path):
        raise InvalidInput(
            f"the migration of {last.path} is under way: complete it or roll it back before "
            "another store is imported"
        )


def _require_as_seen(found: Migration | None, seen: Migration | None) -> None:
    def stands(each: Migration | None) -> tuple[int, Phase] | None:
        return None if each is None else (each.number, each.phase)

    guard(stands(found) == stands(seen), "the phase of the migration")


def _of(row: Any) -> Migration | None:
    if row is None:
        return None
    found = row._mapping
    return Migration(
        found["number"],
        found["phase"],
        found["kind"],
        Path(found["path"]),
        Path(found["snapshot"]),
        found["began_at"],
        found["changed_at"],
        json.loads(found["report"]),
    )


def _row(migration: Migration) -> dict[str, Any]:
    return {
        "number": migration.number,
        "phase": migration.phase,
        "kind": migration.kind,
        "path": str(migration.path),
        "snapshot": str(migration.snapshot),
        "began_at": migration.began_at,
        "changed_at": migration.changed_at,
        "report": json.dumps(migration.report),
    }
