"""Whoever decided on a state that has changed meanwhile is told so, and decides again."""

import asyncio

import pytest
from sqlalchemy import select

from tests.log.units import add_receipt, deleting, state, stepping, telling, unit, version
from tests.storage.dumps import rows_of
from yabot.errors import GuardFailed
from yabot.log.commit_log import CommitLog
from yabot.log.tables import doc_changes, receipts
from yabot.log.unit_of_work import DocumentChange, guard
from yabot.storage.relational.database import Database


async def test_of_many_who_decided_on_one_state_one_wins(
    database: Database, commits: CommitLog
) -> None:
    outcomes = await asyncio.gather(
        *(commits.commit(stepping(f"cause {n}", "7", 0)) for n in range(8)),
        return_exceptions=True,
    )
    lost = [outcome for outcome in outcomes if isinstance(outcome, GuardFailed)]
    assert len(lost) == 7
    assert await version(database, "7") == 1
    assert len(await rows_of(database, doc_changes)) == 1
    assert len(await rows_of(database, receipts)) == 1


async def test_a_guard_of_the_unit_sees_what_the_commit_sees(
    database: Database, commits: CommitLog
) -> None:
    work = unit("cause")
    query = select(receipts).where(receipts.c.cause_id == "closed")
    work.add(lambda connection: guard(connection.execute(query).first() is None, "the door"))
    await database.write(add_receipt("closed"))
    with pytest.raises(GuardFailed, match="the door has changed meanwhile"):
        await commits.commit(work)


async def test_a_deletion_is_guarded_like_any_step(commits: CommitLog) -> None:
    await commits.commit(stepping("create", "7", 0))
    await commits.commit(stepping("step", "7", 1))
    with pytest.raises(GuardFailed):
        await commits.commit(deleting("too late", "7", 1))
    await commits.commit(deleting("in time", "7", 2))


async def test_the_version_goes_on_behind_a_deletion(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(stepping("create", "7", 0))
    await commits.commit(deleting("delete", "7", 1))
    with pytest.raises(GuardFailed):
        await commits.commit(stepping("as if new", "7", 0))
    await commits.commit(stepping("again", "7", 2))
    assert await version(database, "7") == 3


async def test_events_alone_do_not_touch_the_version(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(telling("event", "7"))
    assert await version(database, "7") == 0
    await commits.commit(stepping("create", "7", 0))
    await commits.commit(telling("another", "7"))
    assert await version(database, "7") == 1


async def test_two_changes_of_one_unit_are_one_step(database: Database, commits: CommitLog) -> None:
    work = stepping("cause", "7", 0)
    later = DocumentChange("7", 0, state("7", 1).model_copy(update={"inventory": ()}))
    work.change_document(later)
    committed = await commits.commit(work)
    assert [change for _, change in committed.documents] == [later]
    assert await version(database, "7") == 1
