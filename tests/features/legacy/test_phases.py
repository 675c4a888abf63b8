"""The phases of a migration, on both databases."""

import json
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import pytest

from tests.storage.dumps import events_of, rows_of
from yabot.errors import GuardFailed, InvalidInput
from yabot.features.legacy.events import Phase
from yabot.features.legacy.phases import Migration, Migrations, in_migration_mode
from yabot.log.commit_log import CommitLog
from yabot.log.tables import audit_log
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.relational.database import Database

STORE, COPY = Path("/old/db.json"), Path("/copy.db")
_numbers = count(1)


@pytest.fixture
def migrations(database: Database) -> Migrations:
    return Migrations(database, "a test")


async def commit(commits: CommitLog, decision: Callable[[UnitOfWork], Awaitable[object]]) -> None:
    cause = f"phase:{next(_numbers)}"
    await commits.decide(Cause("test", cause, cause), decision)


async def begin(commits: CommitLog, migrations: Migrations, path: Path = STORE) -> None:
    await commit(commits, lambda work: migrations.begin(work, "json", path, COPY))


async def enter(commits: CommitLog, migrations: Migrations, *phases: Phase) -> None:
    for phase in phases:

        async def decide(work: UnitOfWork, phase: Phase = phase) -> None:
            await migrations.enter(work, phase)

        await commit(commits, decide)


async def test_every_change_is_an_event_and_a_row_that_says_who_did_it(
    database: Database, commits: CommitLog, migrations: Migrations
) -> None:
    assert await migrations.current() is None
    await begin(commits, migrations)
    await enter(commits, migrations, "dual", "completed", "rolling_back", "rolled_back")
    await begin(commits, migrations)
    phases = ["importing", "dual", "completed", "rolling_back", "rolled_back", "importing"]
    rows = sorted(await events_of(database, None), key=lambda row: str(row["event_id"]))
    assert [json.loads(row["envelope"])["payload"]["phase"] for row in rows] == phases
    audited = [row["details"] for row in await rows_of(database, audit_log)]
    assert ["a test" in details for details in audited] == [True] * 6
    current = await migrations.current()
    assert current is not None
    assert (current.number, current.phase) == (2, "importing")


async def test_an_import_that_is_repeated_goes_on_with_the_same_migration(
    commits: CommitLog, migrations: Migrations
) -> None:
    await begin(commits, migrations)
    await enter(commits, migrations, "dual")
    begun = await migrations.current()
    await begin(commits, migrations)
    assert await migrations.current() == begun


async def test_the_phase_it_is_in_already_takes_a_report_and_tells_of_nothing(
    database: Database, commits: CommitLog, migrations: Migrations
) -> None:
    await begin(commits, migrations)

    async def report(work: UnitOfWork) -> None:
        await migrations.enter(work, "importing", {"imported": 3})

    await commit(commits, report)
    current = await migrations.current()
    assert current is not None
    assert current.report == {"imported": 3}
    assert len(await events_of(database, None)) == 1


@pytest.mark.parametrize(
    ("been", "wanted"),
    [
        ((), "completed"),
        ((), "rolled_back"),
        (("dual",), "importing"),
        (("dual", "completed"), "dual"),
        (("rolling_back",), "dual"),
        (("rolling_back", "rolled_back"), "rolling_back"),
    ],
)
async def test_there_is_no_other_step(
    commits: CommitLog, migrations: Migrations, been: tuple[Phase, ...], wanted: Phase
) -> None:
    await begin(commits, migrations)
    await enter(commits, migrations, *been)
    with pytest.raises(InvalidInput):
        await enter(commits, migrations, wanted)


async def test_one_store_at_a_time(commits: CommitLog, migrations: Migrations) -> None:
    await begin(commits, migrations)
    with pytest.raises(InvalidInput, match="complete it or roll it back"):
        await begin(commits, migrations, Path("/another.json"))


async def test_a_store_is_one_however_it_is_named(
    commits: CommitLog, migrations: Migrations, tmp_path: Path
) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "db.json")
    await begin(commits, migrations, tmp_path / "db.json")
    first = await migrations.current()
    for other in (tmp_path / "link.json", tmp_path / "folder" / ".." / "db.json"):
        await begin(commits, migrations, other)
        assert await migrations.current() == first


async def test_nothing_begins_behind_a_migration_that_is_complete(
    commits: CommitLog, migrations: Migrations
) -> None:
    await begin(commits, migrations)
    await enter(commits, migrations, "dual", "completed")
    with pytest.raises(InvalidInput, match="is complete"):
        await begin(commits, migrations)


async def test_whoever_decided_before_a_change_decides_again(
    commits: CommitLog, migrations: Migrations
) -> None:
    await begin(commits, migrations)
    seen = await migrations.current()
    await enter(commits, migrations, "rolling_back")
    seen_at: list[Migration | None] = [seen]

    async def late(work: UnitOfWork) -> None:
        migrations.hold(work, seen_at[-1])
        seen_at.append(await migrations.current())

    await commit(commits, late)
    phases = [each and each.phase for each in seen_at]
    assert phases == ["importing", "rolling_back", "rolling_back"]

    async def stubborn(work: UnitOfWork) -> None:
        migrations.hold(work, seen)

    with pytest.raises(GuardFailed):
        await commit(commits, stubborn)


def test_before_the_first_import_the_mode_is_on() -> None:
    assert in_migration_mode(None)
