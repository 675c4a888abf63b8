"""A commit that breaks off at whichever statement leaves nothing, anywhere."""

import pytest
from sqlalchemy import Connection

from tests.log.faults import failing_at, failing_commit
from tests.log.units import add_receipt, everything, stepping
from tests.storage.dumps import dump
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.log.commit_log import CommitLog
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database


async def fails(commits: CommitLog, work: UnitOfWork) -> bool:
    try:
        await commits.commit(work)
    except StoreUnavailable:
        return True
    return False


@pytest.mark.criterion("1.3.4")
async def test_a_failure_at_each_statement_leaves_every_table_as_it_was(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(stepping("before", "9", 0))
    told: list[object] = []
    commits.followers.append(told.append)
    before, broken_at = await dump(database), 1
    while True:
        with failing_at(database.engine, broken_at) as statements:
            failed = await fails(commits, everything("cause", "7", "9"))
        if not failed:
            break
        assert await dump(database) == before, statements.seen[-1]
        assert told == []
        broken_at += 1
    # The loop reached the end of a whole unit: each kind of statement has had its turn.
    assert broken_at > len(statements.seen)
    written = " ".join(statements.seen)
    reached = ("receipts", "user_profiles", "user_counters", "partitions", "outbox", "doc_changes")
    assert all(table in written for table in reached)
    after = await dump(database)
    assert [len(after[name]) - len(before[name]) for name in ("receipts", "outgoing")] == [1, 2]
    assert len(told) == 1


async def test_a_failing_commit_leaves_every_table_as_it_was(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(stepping("before", "9", 0))
    before = await dump(database)
    with failing_commit(database.engine):
        assert await fails(commits, everything("cause", "7", "9"))
    assert await dump(database) == before
    assert not await fails(commits, everything("cause", "7", "9"))


def fail(connection: Connection) -> None:
    add_receipt("almost")(connection)
    raise ZeroDivisionError


async def test_an_error_of_the_unit_itself_leaves_every_table_as_it_was(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(stepping("before", "9", 0))
    before = await dump(database)
    work = everything("cause", "7", "9")
    work.add(fail)
    with pytest.raises(ZeroDivisionError):
        await commits.commit(work)
    assert await dump(database) == before


async def test_a_guard_that_fails_last_takes_back_all_that_came_before_it(
    database: Database, commits: CommitLog
) -> None:
    before = await dump(database)
    # User 9 has no state yet, so it cannot step from version 1.
    with pytest.raises(GuardFailed, match="the state of user 9 has changed"):
        await commits.commit(everything("cause", "7", "9"))
    assert await dump(database) == before
