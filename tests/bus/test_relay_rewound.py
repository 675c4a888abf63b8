"""A relay whose SQL comes back as an older copy, while Redis has what was published since."""

import pytest
from redis.asyncio import Redis

from tests.bus.log import committed, marks, streams, tell
from tests.bus.older_copy import HERE, USER, bring_older_copy_back
from tests.bus.relays import NEVER, new_relay
from tests.storage.fixtures import new_commits
from yabot.bus.publisher import StreamAhead
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams, stream_name
from yabot.observability.metrics import REGISTRY
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.standard


def published_count() -> float:
    return REGISTRY.get_sample_value("yabot_events_published_total") or 0.0


@pytest.mark.parametrize("events", [2, 3], ids=["as far as the stream", "further"])
async def test_what_gets_positions_that_the_stream_has_is_neither_taken_for_sent_nor_mixed_in(
    sqlite_database: Database, redis: Redis, events: int
) -> None:
    commits = new_commits(sqlite_database)
    relay = new_relay(sqlite_database, Streams(redis))
    commits.followers.append(relay.notice)
    await relay.run_once()
    await tell(commits, "before", USER, 3)
    await relay.run_once()
    await bring_older_copy_back(sqlite_database)
    await tell(commits, "after", USER, events)
    counted = published_count()
    for _ in range(2):
        with pytest.raises(StreamAhead, match="has another event at 3 than the log"):
            await relay.run_once()
    assert published_count() == counted
    assert await redis.xlen(stream_name(HERE)) == 3
    await redis.delete(stream_name(HERE))
    await relay.run_once()
    assert await streams(redis) == await committed(sqlite_database)


@pytest.mark.parametrize("events", [0, 2, 3])
async def test_a_mark_of_what_is_gone_is_not_set(
    sqlite_database: Database, redis: Redis, events: int
) -> None:
    """It would say of another event that it is published."""
    commits = new_commits(sqlite_database)
    relay = Relay(sqlite_database, Streams(redis), mark_after=NEVER)
    commits.followers.append(relay.notice)
    await tell(commits, "before", USER, 3)
    await relay.run_once()
    await bring_older_copy_back(sqlite_database)
    await tell(commits, "after", USER, events)
    # As at the end.
    relay.loop.on_finished()
    await sqlite_database.flush()
    assert {row["published_pos"] for row in await marks(sqlite_database)} == {0}
