"""Each user's events are numbered without gaps, and no later one has an earlier time."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from tests.bus.log import tell
from tests.log.units import everything, stepping, telling
from tests.storage.dumps import Rows, events_of, rows_of
from tests.storage.fixtures import PARTITIONS
from yabot.clock import rfc3339, to_microseconds, utc_now
from yabot.errors import GuardFailed
from yabot.events.partition import partition_of
from yabot.log.commit_log import CommitLog
from yabot.log.tables import outbox, user_counters
from yabot.storage.relational.database import Database


def envelopes(rows: Rows) -> list[dict[str, Any]]:
    return [json.loads(row["envelope"]) for row in rows]


async def test_sequences_have_no_gaps_and_times_strictly_increase(
    database: Database, commits: CommitLog
) -> None:
    users = ("7", "8", "9")
    await asyncio.gather(
        *(tell(commits, f"{user} {n}", user, 1 + n % 3) for user in users for n in range(12))
    )
    for user in users:
        told = envelopes(await events_of(database, user))
        assert [event["sequence"] for event in told] == list(range(1, 25))
        times = [event["timestamp"] for event in told]
        assert times == sorted(set(times))


async def test_the_events_of_one_unit_stay_together_and_in_order(
    database: Database, commits: CommitLog
) -> None:
    await asyncio.gather(*(tell(commits, f"cause {n}", "7", 3) for n in range(10)))
    actions = [event["payload"]["action"] for event in envelopes(await events_of(database, "7"))]
    causes = [action.partition(":")[0] for action in actions]
    assert [action.partition(":")[2] for action in actions] == ["0", "1", "2"] * 10
    assert all(len(set(causes[start : start + 3])) == 1 for start in range(0, 30, 3))


async def test_times_go_on_when_the_wall_clock_steps_back(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(telling("before", "7"))
    # As if the last event had been an hour ahead of the clock as it is now.
    ahead = to_microseconds(utc_now() + timedelta(hours=1))
    await database.write(
        lambda connection: connection.execute(update(user_counters).values(last_event_us=ahead))
    )
    await commits.commit(telling("one", "7", times=2))
    await commits.commit(telling("two", "7"))
    counter = (await rows_of(database, user_counters))[0]
    assert counter["last_event_us"] == ahead + 3
    times = [event["timestamp"] for event in envelopes(await events_of(database, "7"))]
    assert times == sorted(set(times))
    assert times[-1] > rfc3339(utc_now() + timedelta(minutes=59))


async def test_a_unit_that_fails_leaves_no_gap(database: Database, commits: CommitLog) -> None:
    await commits.commit(stepping("create", "7", 0))
    for n in range(3):
        work = stepping(f"late {n}", "7", 5)
        work.events = telling("late", "7", times=2).events
        with pytest.raises(GuardFailed):
            await commits.commit(work)
        await commits.commit(telling(f"in time {n}", "7"))
    told = envelopes(await events_of(database, "7"))
    assert [event["sequence"] for event in told] == [1, 2, 3]


@pytest.mark.criterion("2.2.4")
async def test_an_event_tells_what_and_when_and_why(database: Database, commits: CommitLog) -> None:
    start = rfc3339(utc_now())
    await commits.commit(telling("cause", "7"))
    row = (await events_of(database, "7"))[0]
    told = json.loads(row["envelope"])
    assert told == {
        "event_id": row["event_id"],
        "event_type": "user_interaction",
        "version": 1,
        "timestamp": told["timestamp"],
        "user_id": "7",
        "sequence": 1,
        "correlation_id": "about cause",
        "causation_id": "cause",
        "payload": {"action": "cause:0", "context": {}},
    }
    assert start <= told["timestamp"] <= rfc3339(utc_now())
    assert start <= rfc3339(row["created_at"]) <= rfc3339(utc_now())


@pytest.mark.criterion("2.2.4")
async def test_every_event_has_its_own_id_and_a_unit_s_share_the_correlation(
    database: Database, commits: CommitLog
) -> None:
    await commits.commit(stepping("before", "9", 0))
    committed = await commits.commit(everything("cause", "7", "9"))
    told = [json.loads(entry.envelope) for entry in committed.events]
    ids = [event["event_id"] for event in told]
    assert ids == sorted(set(ids))
    assert ids == sorted(row["event_id"] for row in await rows_of(database, outbox))
    assert {event["correlation_id"] for event in told} == {"about cause"}


async def test_a_user_s_events_share_a_partition_and_others_go_by_their_correlation(
    database: Database, commits: CommitLog
) -> None:
    for user in ("7", "8", None):
        await commits.commit(telling(f"cause {user}", user, times=2))
    for row in await rows_of(database, outbox):
        key = row["user_id"] or "about cause None"
        assert row["partition"] == partition_of(key, PARTITIONS)
    nobodys = envelopes(await events_of(database, None))
    assert all("sequence" not in event and "user_id" not in event for event in nobodys)
