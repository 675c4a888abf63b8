"""One cause, one commit: however often a cause comes, its effects are there once."""

import asyncio
import json

import pytest
from sqlalchemy import Connection

from tests.log.faults import failing_commit
from tests.log.units import everything, stepping, telling, unit
from tests.storage.dumps import dump, events_of, rows_of
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.log.commit_log import CommitLog, Committed
from yabot.log.tables import doc_changes, outbox, outgoing, receipts
from yabot.log.unit_of_work import Message
from yabot.storage.relational.database import Database


async def test_the_same_cause_five_times_at_once_has_its_effects_once(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(stepping("before", "9", 0))
    told: list[Committed] = []
    commits.followers.append(told.append)
    results = await asyncio.gather(
        *(commits.commit(everything("cause", "7", "9")) for _ in range(5))
    )
    assert sorted(result.duplicate for result in results) == [False, True, True, True, True]
    tables = await dump(database)
    assert len(tables["receipts"]) == 2
    assert len(tables["user_profiles"]) == 1
    assert len(tables["outbox"]) == 4
    assert len(tables["outgoing"]) == 2
    assert [row["user_id"] for row in tables["doc_changes"]] == ["9", "7", "9"]
    assert [(row["user_id"], row["sequence"]) for row in tables["user_counters"]] == [
        ("7", 2),
        ("9", 1),
    ]
    # Followers hear of what happened, and it happened once.
    assert told == [result for result in results if not result.duplicate]


async def test_a_cause_that_comes_again_later_changes_nothing(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(telling("cause", "7"))
    before = await dump(database)
    assert (await commits.commit(everything("cause", "7", "9"))).duplicate
    assert await dump(database) == before


async def test_what_was_committed_shows_that_sql_works(
    database: Database, commits: CommitLog
) -> None:
    """For the watch, which waits behind other work, and asks for a receipt to be written."""
    gate = database.gate
    before = gate.answers
    await commits.commit(telling("cause", "7"))
    assert gate.answers == before + 1
    await commits.commit(telling("cause", "7"))
    with pytest.raises(GuardFailed):
        await commits.commit(unit("another"), checks=[refuse])
    await database.write(lambda _connection: None)
    await rows_of(database, receipts)
    assert gate.answers == before + 1


def refuse(_connection: Connection) -> None:
    raise GuardFailed("somebody was faster")


async def test_two_consumers_may_each_handle_the_same_cause(
    database: Database, commits: CommitLog
) -> None:
    """As two subscribers do, and each has something to say."""
    for consumer in ("bot", "rewards"):
        work = unit("cause", consumer)
        work.send(Message(7, "sendMessage", "{}"))
        assert not (await commits.commit(work)).duplicate
    assert len(await rows_of(database, receipts)) == len(await rows_of(database, outgoing)) == 2


async def test_a_unit_may_be_committed_again_when_nothing_is_known_of_it(
    database: Database, commits: CommitLog
) -> None:
    work = telling("cause", "7")
    with failing_commit(database.engine), pytest.raises(StoreUnavailable):
        await commits.commit(work)
    assert not (await commits.commit(work)).duplicate
    assert (await commits.commit(work)).duplicate
    assert len(await events_of(database, "7")) == 1


async def test_followers_are_told_the_rows_that_wait_for_them(
    database: Database, commits: CommitLog
) -> None:
    work = everything("cause", "7", "9")
    await commits.commit(stepping("before", "9", 0))
    committed = await commits.commit(work)
    rows = await rows_of(database, doc_changes)
    assert [row_id for row_id, _ in committed.documents] == [row["id"] for row in rows[1:]]
    assert [change for _, change in committed.documents] == list(work.documents.values())
    assert [message for _, message in committed.messages] == work.messages
    in_sql = {row["event_id"]: row for row in await rows_of(database, outbox)}
    told = [json.loads(entry.envelope) for entry in committed.events]
    # In the order in which the unit published them, each with its place in SQL.
    assert [event["payload"] for event in told] == [
        payload.model_dump(mode="json", exclude_none=True) for payload, _ in work.events
    ]
    for event, entry in zip(told, committed.events, strict=True):
        row = in_sql.pop(event["event_id"])
        assert entry._asdict() == {name: row[name] for name in entry._asdict()}
    assert in_sql == {}
