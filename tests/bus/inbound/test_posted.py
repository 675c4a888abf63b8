"""Events that were posted are taken in like those of the stream, and among them."""

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import text

from tests.bus.inbound.service import (
    AWARD,
    HINT,
    REACTION,
    Sent,
    audits,
    logged,
    look,
    new_sequencer,
    post,
    sequence,
    sequencing,
    settle,
    settle_posted,
    taken_in,
    violations,
    write,
)
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS, new_commits, redis_away
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.bus.backlog import QUEUES
from yabot.bus.inbound.buffer import MOST_BUFFERED
from yabot.bus.inbound.sources import READ_AT_ONCE
from yabot.bus.inbound.stream import ASIDE, INBOUND
from yabot.bus.tables import dead_letters, posted_events
from yabot.log.backlog import measure_backlog
from yabot.log.commit_log import CommitLog
from yabot.observability.metrics import REGISTRY
from yabot.storage.relational.database import Database


def posted(sent: Sent) -> Sent:
    return replace(sent, posted=True)


async def test_it_stands_in_the_log_as_it_was_posted(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await sequence(commits, redis, posted(AWARD))
    assert await logged(database) == [AWARD.envelope]
    assert await rows_of(database, posted_events) == []


@pytest.mark.parametrize("by_api", range(8))
async def test_whichever_way_they_come_they_are_put_in_one_order(
    database: Database, commits: CommitLog, redis: Redis, by_api: int
) -> None:
    sent = [
        replace(each, posted=bool(by_api >> n & 1))
        for n, each in enumerate((HINT, AWARD, REACTION))
    ]
    await sequence(commits, redis, *sent)
    assert await taken_in(database, sent) == ["reaction", "award", "hint"]
    assert await violations(database) == []


async def test_the_same_event_on_both_ways_is_taken_once(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    both = [REACTION, posted(REACTION), posted(AWARD), AWARD]
    await sequence(commits, redis, *both)
    await sequence(commits, redis, *both)
    assert await taken_in(database, both) == ["reaction", "award"]
    assert await violations(database) == []


async def test_what_is_posted_too_late_is_told_of(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await sequence(commits, redis, AWARD)
    await sequence(commits, redis, posted(REACTION))
    assert await violations(database) == [(REACTION.event_id, "after_its_consequence")]
    assert len(await audits(database, "ordering_violated")) == 1


async def test_it_needs_no_redis(database: Database, commits: CommitLog) -> None:
    """The trouble is told all the same, and the stream has its turn when Redis is back."""
    troubles: list[str | None] = []
    sent = [Sent(f"{n}", 3 - n) for n in range(3)]
    async with sequencing(commits, redis_away()) as sequencer:
        sequencer.loop.on_trouble = troubles.append
        await post(database, *sent)
        await settle_posted(database)
    assert await taken_in(database, sent) == ["2", "1", "0"]
    assert "Redis" in str(troubles[0])


async def test_what_stands_in_the_stream_is_taken_in_when_redis_is_back(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await redis.set("yabot:inbound", "as good as away")
    async with sequencing(commits, redis):
        await post(database, REACTION)
        await settle_posted(database)
        await redis.delete("yabot:inbound")
        await write(redis, AWARD)
        await settle(redis)
    assert await taken_in(database, [REACTION, AWARD]) == ["reaction", "award"]
    assert await violations(database) == []


async def test_a_row_that_is_committed_behind_younger_ones_is_not_left_behind(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """Ids are given before the commit: the younger is there when the older is not yet."""
    await post(database, HINT)
    (row,) = await rows_of(database, posted_events)
    patient = new_sequencer(commits, redis, window=3600.0)
    await look(patient)
    await post(database, AWARD)
    await put_before(database, AWARD, row["id"] - 1)
    await look(patient)
    assert REGISTRY.get_sample_value("yabot_inbound_buffered") == 2


async def put_before(database: Database, sent: Sent, row_id: int) -> None:
    here = posted_events.c.event_id == sent.event_id
    await change(database, posted_events.update().where(here).values(id=row_id))


async def test_more_than_are_read_at_once(sqlite_database: Database, redis: Redis) -> None:
    commits = new_commits(sqlite_database)
    sent = [Sent(f"{n}", n, correlation=f"{n}") for n in range(2 * READ_AT_ONCE + 7)]
    await post(sqlite_database, *reversed(sent))
    await sequence(commits, redis)
    assert await taken_in(sqlite_database, sent) == [each.name for each in sent]


async def test_a_flood_of_posted_events_leaves_the_stream_its_turn(
    sqlite_database: Database, redis: Redis
) -> None:
    commits = new_commits(sqlite_database)
    flood = [Sent(f"{n}", n, correlation=f"{n}") for n in range(MOST_BUFFERED + READ_AT_ONCE)]
    await post(sqlite_database, *flood)
    await write(redis, Sent("other", 1, user_id="8"))
    await look(new_sequencer(commits, redis, window=0))
    assert await rows_of(sqlite_database, posted_events)
    assert await taken_in(sqlite_database, [Sent("other", 1)]) == ["other"]


async def test_what_may_be_posted_no_more_becomes_a_dead_letter(
    database: Database, redis: Redis
) -> None:
    """It might when it was accepted: INBOUND_EVENT_TYPES has changed since."""
    closed = CommitLog(database, build_catalog(FEATURES, ["besitos_awarded"]), PARTITIONS)
    await sequence(closed, redis, posted(REACTION), posted(AWARD))
    assert await taken_in(database, [REACTION, AWARD]) == ["award"]
    (letter,) = await rows_of(database, dead_letters)
    assert (letter["consumer"], letter["event_id"]) == ("inbound", REACTION.event_id)
    assert await rows_of(database, posted_events) == []


async def test_what_does_not_fit_waits_for_no_redis(database: Database) -> None:
    closed = CommitLog(database, build_catalog(FEATURES, []), PARTITIONS)
    async with sequencing(closed, redis_away()):
        await post(database, REACTION)
        await settle_posted(database)
    assert len(await rows_of(database, dead_letters)) == 1


async def test_what_sql_refuses_holds_nothing_up(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    rule = text("CREATE UNIQUE INDEX no_two_at_once ON ingested (happened_us)")
    await change(database, rule)
    refused = posted(Sent("refused", REACTION.second))
    await sequence(commits, redis, posted(REACTION), refused, posted(AWARD))
    assert await taken_in(database, [REACTION, AWARD]) == ["reaction", "award"]
    (letter,) = await rows_of(database, dead_letters)
    assert letter["error"].startswith("SQL does not take it: ")


async def test_operators_see_how_many_wait(database: Database) -> None:
    await post(database, REACTION, AWARD)
    await measure_backlog(database, QUEUES)
    assert REGISTRY.get_sample_value("yabot_backlog_rows", {"queue": "posted_events"}) == 2


async def change(database: Database, statement: Any) -> None:
    await database.write(lambda connection: connection.execute(statement) and None)


async def test_a_flood_in_the_stream_keeps_no_posted_event_waiting(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    """It is taken in before the rest of the flood is even looked at."""
    async with redis.pipeline(transaction=False) as flood:
        for _ in range(2 * MOST_BUFFERED):
            flood.xadd(INBOUND, {"event": "garbage"})
        await flood.execute()
    await redis.xadd(ASIDE, {"event": "garbage"})
    await post(database, AWARD)
    await look(new_sequencer(commits, redis, window=0))
    assert await taken_in(database, [AWARD]) == ["award"]
    assert await redis.xlen(INBOUND) > 0
