"""All users of a snapshot come into the new stores, each once, and the report adds up."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.features.legacy.house import House, new_house
from tests.features.legacy.old_bot import FIRST_ID, new_profile, write_old_store
from tests.storage.dumps import dump, rows_of
from tests.storage.losing_answers import LosingAnswers
from yabot.features.legacy.importing.breath import Breath
from yabot.features.legacy.importing.details import Details
from yabot.features.legacy.importing.importer import Hold, Importer, _Decision, _Read
from yabot.features.legacy.importing.report import Report
from yabot.features.legacy.merging.merger import Merger
from yabot.features.legacy.record import Record, Refusal
from yabot.features.legacy.snapshots.snapshot import Snapshot
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.sources.port import Entry, Source
from yabot.features.legacy.tables import legacy_users
from yabot.features.users.tables import user_profiles
from yabot.log.backlog import waiting
from yabot.log.unit_of_work import Cause, UnitOfWork, guard
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, Statement


@dataclass
class Imports:
    """Of the store at ``path``, again and again."""

    house: House
    path: Path
    folder: Path
    stack: ExitStack
    source: Source = field(default_factory=JsonFile)
    done: list[int] = field(default_factory=list)

    async def run(
        self, *, rehearsal: bool = False, chunk: int = 50, hold: Hold | None = None
    ) -> Report:
        services = self.house.world.services
        details = self.stack.enter_context(Details.kept_in(self.folder))
        report = Report(details, is_rehearsal=rehearsal)
        snapshot = self.snapshot()
        report.add_snapshot(snapshot)
        importer = Importer(
            services.commits,
            Merger(services, most_items=0) if rehearsal else self.house.merger,
            self.house.besitos,
            Breath(services.database, self.folder, waiting),
            rehearsal=rehearsal,
            chunk=chunk,
            hold=hold,
            most_waits=2,
        )
        await importer.run(
            snapshot, self.source, report, lambda done, _total: self.done.append(done)
        )
        return report

    def snapshot(self) -> Snapshot:
        snapshot = Snapshot.take(self.source, self.path, self.folder)
        self.stack.callback(snapshot.close)
        return snapshot

    def write(self, **users: Any) -> None:
        """``_7`` is the user 7."""
        content = {key.removeprefix("_"): value for key, value in users.items()}
        self.path.write_text(json.dumps(content))


@pytest.fixture
def imports(house: House, tmp_path: Path) -> Any:
    with ExitStack() as stack:
        yield Imports(house, tmp_path / "db.json", tmp_path / "legacy", stack)


def profile(user_id: int, **values: Any) -> dict[str, Any]:
    return new_profile(user_id) | values


async def test_everybody_comes_once_with_what_they_had(imports: Imports) -> None:
    write_old_store(imports.path, users=120, seed=2)
    report = await imports.run()
    kisses = sum(each["kisses"] for each in json.loads(imports.path.read_text()).values())
    assert report.outcomes == {"imported": 120}
    assert report.besitos.said == report.besitos.posted == report.in_ledger == kisses
    assert report.reconciles
    assert await imports.house.total() == kisses
    assert await imports.house.audits() == []
    assert imports.done == [50, 100, 120]
    rows = await rows_of(imports.house.world.services.database, user_profiles)
    assert {row["user_id"] for row in rows} == {str(FIRST_ID + n) for n in range(120)}


async def test_who_keeps_changing_is_left_to_another_import(imports: Imports) -> None:
    imports.write(_7=profile(7), _8=profile(8))

    async def hold(work: UnitOfWork) -> None:
        guard("7" not in work.documents, "the state of user 7")

    report = await imports.run(hold=hold)
    assert report.outcomes == {"imported": 1}
    assert report.refused == 1
    assert (await imports.run()).outcomes == {"imported": 1, "unchanged": 1}


async def test_an_import_that_is_repeated_changes_no_row(imports: Imports) -> None:
    write_old_store(imports.path, users=60, seed=2, imperfect=0.3)
    first = await imports.run()
    await imports.house.catch_up()
    before = await dump(imports.house.world.services.database)
    again = await imports.run()
    assert await dump(imports.house.world.services.database) == before
    assert again.outcomes == {"unchanged": first.outcomes["imported"]}
    assert again.besitos.there == first.besitos.posted
    assert again.reconciles


async def test_a_rehearsal_says_the_same_and_changes_no_row(imports: Imports) -> None:
    write_old_store(imports.path, users=60, seed=2, imperfect=0.3)
    services = imports.house.world.services
    before = await dump(services.database)
    rehearsed = await imports.run(rehearsal=True)
    assert await dump(services.database) == before
    assert await services.documents["items"].count_documents({}) == 0
    assert rehearsed.reconciles
    imported = await imports.run()
    for report in (rehearsed, imported):
        report.in_ledger = None
    assert imported.counts() == {**rehearsed.counts(), "rehearsal": False}


async def test_who_is_here_already_is_merged(imports: Imports) -> None:
    house = imports.house
    await house.world.register()
    await house.award("7", 10)
    imports.write(_7=profile(7, kisses=5), _8=profile(8, kisses=2))
    report = await imports.run()
    assert report.outcomes == {"merged": 1, "imported": 1}
    assert (await house.balance("7"), await house.balance("8")) == (15, 2)
    assert report.reconciles


async def test_what_the_old_bot_did_since_is_brought_at_the_next_import(imports: Imports) -> None:
    imports.write(_7=profile(7, kisses=5), _8=profile(8, kisses=9))
    await imports.run()
    imports.write(_7=profile(7, kisses=9), _8=profile(8, kisses=2))
    report = await imports.run()
    assert report.outcomes == {"merged": 2}
    assert (await imports.house.balance("7"), await imports.house.balance("8")) == (9, 2)
    assert (report.besitos.there, report.besitos.posted) == (14, -3)
    assert report.reconciles
    # And back: the same content as once before.
    imports.write(_7=profile(7, kisses=5), _8=profile(8, kisses=9))
    await imports.run()
    assert (await imports.house.balance("7"), await imports.house.balance("8")) == (5, 9)


async def test_what_was_spent_on_both_sides_is_missing(imports: Imports) -> None:
    imports.write(_7=profile(7, kisses=10))
    await imports.run()
    await imports.house.spend("7", 8)
    imports.write(_7=profile(7, kisses=4))
    report = await imports.run()
    assert await imports.house.balance("7") == 0
    assert (report.besitos.there, report.besitos.posted, report.besitos.missing) == (10, -2, -4)
    assert report.conflicts == {"kisses": 1}
    assert report.reconciles


async def test_who_was_forgotten_stays_so_and_leaves_the_snapshot(imports: Imports) -> None:
    house = imports.house
    await house.world.register()
    await house.world.delete()
    imports.write(_7=profile(7, kisses=5), _8=profile(8, kisses=2))
    report = await imports.run()
    assert report.outcomes == {"forgotten": 1, "imported": 1}
    assert report.besitos.forgotten == 5
    assert report.reconciles
    assert imports.snapshot().find("7") is None
    rows = await rows_of(house.world.services.database, legacy_users)
    assert [row["user_id"] for row in rows] == ["8"]


async def test_besitos_before_are_besitos_after(imports: Imports) -> None:
    imports.write(
        _7=profile(7, kisses=10),
        _8=profile(8, kisses="4"),
        _9=profile(9, kisses=7.5),
        _10=profile(10, kisses=-3),
        lost=profile(11, kisses=6),
        _12=None,
    )
    report = await imports.run()
    besitos = report.besitos
    assert besitos.said == Decimal("24.5")
    assert besitos.posted == 21
    assert besitos.refused == 6
    assert besitos.mended == {"rounded_down": Decimal("0.5"), "raised": -3}
    assert report.reconciles
    assert await imports.house.total() == 21
    assert report.refused == 2


class Careless(JsonFile):
    """Lets through what no store takes."""

    def interpret(self, entry: Entry) -> Record | Refusal:
        found = super().interpret(entry)
        if isinstance(found, Record) and found.user.kisses == 77:
            deep: Any = "bottom"
            for _ in range(120):
                deep = [deep]
            user = found.user.model_copy(update={"unplaced": {"mood": deep}})
            return Record(user)
        return found


async def test_who_cannot_be_stored_stops_nobody(imports: Imports) -> None:
    imports.source = Careless()
    write_old_store(imports.path, users=40, seed=2)
    users = json.loads(imports.path.read_text())
    users[str(FIRST_ID + 7)]["kisses"] = 77
    imports.path.write_text(json.dumps(users))
    report = await imports.run()
    assert report.outcomes == {"imported": 39}
    assert report.refusals == {"it is nested deeper than 100 levels": 1}
    assert report.besitos.refused == 77
    assert report.reconciles
    assert await imports.house.audits() == []


class Interrupting:
    """A database in which, before each commit of a chunk, somebody changes one of its users."""

    def __init__(self, imports: Imports, change: Callable[[], Any], times: int) -> None:
        self._database = imports.house.world.services.database
        self._change = change
        self.left = times

    async def write(self, work: Statement[Any]) -> Any:
        if self.left:
            self.left -= 1
            await self._change()
        return await self._database.write(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


async def test_who_keeps_changing_holds_nobody_up(imports: Imports) -> None:
    house = imports.house
    await house.world.register()
    imports.write(
        _7=profile(7, kisses=5, inventory=["rosa"]), **{f"_{n}": profile(n) for n in range(8, 20)}
    )
    commits = house.world.services.commits
    database = commits.database

    async def change() -> None:
        commits.database = database
        version = (await house.world.known()).state_version
        await house.world.prefer(f"version {version}", "en" if version % 2 else "es")
        commits.database = interrupted

    interrupted: Any = Interrupting(imports, change, times=15)
    commits.database = interrupted
    try:
        report = await imports.run()
    finally:
        commits.database = database
    assert report.outcomes == {"merged": 1, "imported": 12}
    assert interrupted.left == 0
    assert await house.balance("7") == 5
    assert report.reconciles


async def test_a_commit_whose_answer_got_lost_is_told_of_as_it_was_decided(
    imports: Imports, database: Database, documents: DocumentStore
) -> None:
    losing = LosingAnswers(database)
    imports.house = new_house(losing, documents)
    imports.write(_7=profile(7, kisses=5), _8=profile(8, kisses=3))
    losing.losing = True
    report = await imports.run()
    assert not losing.losing
    assert report.outcomes == {"imported": 2}
    assert (report.besitos.posted, report.reconciles) == (8, True)


async def test_a_report_names_keys_fields_and_reasons_and_nothing_else(imports: Imports) -> None:
    imports.write(
        _7=profile(7, kisses="4", first_name="Perpetua"), lost=profile(8, first_name="Perpetua")
    )
    report = await imports.run()
    written = report.details.write(report.counts())
    assert written.name == "report-1.json"
    assert written.stat().st_mode & 0o777 == 0o600
    text = written.read_text()
    told = json.loads(text)
    assert "Perpetua" not in text
    assert told["by_key"]["refused"] == [{"key": "lost", "reason": "its key is no Telegram id"}]
    assert told["by_key"]["repaired"] == [
        {"key": "7", "fields": [{"field": "kisses", "how": "converted"}]}
    ]
    assert told["besitos"]["reconcile"] is True
    assert (await imports.run()).details.write({"n": 2}).name == "report-2.json"


async def test_what_was_read_before_a_running_bot_merged_something_newer_takes_nothing_back(
    imports: Imports,
) -> None:
    imports.write(_7=profile(7, kisses=10))
    snapshot = imports.snapshot()
    record = imports.source.interpret(found) if (found := snapshot.find("7")) else None
    assert isinstance(record, Record)
    read = _Read(snapshot, {"7": found.text}) if found else None
    assert read is not None
    imports.write(_7=profile(7, kisses=13))
    await imports.run()
    services = imports.house.world.services
    decision = _Decision(Merger(services), read, [record], waits_left=0)
    decided = await services.commits.decide(Cause("test", "late", "late"), decision.make)
    assert await imports.house.balance("7") == 13
    assert [each.merged.outcome for each in decided.answer] == ["unchanged"]
