"""What SQL forgets in time, Redis forgets too, however little happens."""

from datetime import timedelta

from redis.asyncio import Redis

from tests.bus.log import entries_of, marked, tell
from tests.bus.relays import new_relay
from tests.storage.fixtures import PARTITIONS
from tests.waiting import until
from yabot.app.assembly import build_retention
from yabot.bus.streams import Streams
from yabot.bus.trimming import StreamTrimming
from yabot.clock import utc_now
from yabot.events.partition import partition_of
from yabot.log.commit_log import CommitLog
from yabot.log.tables import outbox
from yabot.storage.relational.database import Database

DAYS = 30
PLACE = partition_of("7", PARTITIONS)


async def age_all(database: Database) -> None:
    old = outbox.update().values(created_at=utc_now() - timedelta(days=DAYS + 1))
    await database.write(lambda connection: connection.execute(old) and None)


async def ids(redis: Redis) -> list[str]:
    return [entry_id for entry_id, _ in await entries_of(redis, PLACE)]


async def test_old_events_go_from_redis_as_they_go_from_sql(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    streams = Streams(redis)
    relay, trimming = new_relay(database, streams), StreamTrimming(database, streams)
    commits.followers.append(relay.notice)
    await tell(commits, "old", "7", times=3)
    await relay.run_once()
    await until(lambda: marked(database))
    await age_all(database)
    await tell(commits, "young", "7", times=2)
    await relay.run_once()
    await trimming.trim()
    assert await ids(redis) == ["1-0", "2-0", "3-0", "4-0", "5-0"]
    await build_retention((), database, DAYS).sweep()
    await trimming.trim()
    assert await ids(redis) == ["4-0", "5-0"]


async def test_a_stream_of_which_nothing_is_left_goes_on_from_where_it_stood(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    streams = Streams(redis)
    relay = new_relay(database, streams)
    commits.followers.append(relay.notice)
    await tell(commits, "old", "7", times=3)
    await relay.run_once()
    await until(lambda: marked(database))
    await age_all(database)
    await build_retention((), database, DAYS).sweep()
    await StreamTrimming(database, streams).trim()
    assert await ids(redis) == []
    await tell(commits, "young", "7")
    await relay.run_once()
    assert await ids(redis) == ["4-0"]
