"""What strangers do to the streams and channels holds nobody up, and is told."""

from collections.abc import AsyncIterator, Sequence
from itertools import count

import pytest
from redis.asyncio import Redis

from tests.bus.log import tell
from tests.bus.observing import first_heard
from tests.bus.relays import new_relay
from tests.storage.fixtures import PARTITIONS, new_commits
from tests.waiting import until
from yabot.bus.groups.feed import Feed
from yabot.bus.streams import Streams, stream_name
from yabot.errors import StoreUnavailable
from yabot.events.partition import Entry
from yabot.storage.relational.database import Database

EVENT = '{"event_id":"1","event_type":"waved","version":1}'


class Heard:
    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.positions: list[int] = []
        self.feed = Feed(Streams(redis), PARTITIONS, look_every=0.05)
        self.feed.listeners.append(self.hear)

    def hear(self, _partition: int, entries: Sequence[Entry]) -> None:
        self.positions += [entry.pos for entry in entries]

    async def write(self, entry_id: str, event: str | bytes = EVENT) -> None:
        await self.redis.xadd(stream_name(0), {"event": event}, id=entry_id)

    async def is_listening(self) -> bool:
        return bool((await self.redis.info("clients"))["blocked_clients"])


@pytest.fixture
async def heard(redis: Redis) -> AsyncIterator[Heard]:
    heard = Heard(redis)
    yield heard
    await heard.feed.stop()


async def test_a_stream_that_is_begun_anew_is_heard_again(heard: Heard) -> None:
    """A stranger's entry stood in it, far ahead of ours: it had to be deleted."""
    await heard.write("*", "garbage")
    heard.feed.start()
    await until(heard.is_listening)
    await heard.redis.delete(stream_name(0))
    written = count(1)

    async def the_next_is_heard() -> bool:
        await heard.write(f"{next(written)}-0")
        return bool(heard.positions)

    await until(the_next_is_heard)


async def test_what_is_no_text_holds_nothing_up(heard: Heard) -> None:
    heard.feed.start()
    await until(heard.is_listening)
    await heard.write("1-0")
    # Together, so that nobody begins behind them.
    async with heard.redis.pipeline(transaction=True) as both:
        both.xadd(stream_name(0), {"event": b"\xff\xfe"}, id="2-0")
        both.xadd(stream_name(0), {"event": EVENT}, id="3-0")
        await both.execute()

    async def are_heard() -> bool:
        return heard.positions == [1, 3]

    await until(are_heard)


async def test_what_strangers_publish_is_no_event(sqlite_database: Database, redis: Redis) -> None:
    commits = new_commits(sqlite_database)
    async with first_heard(redis, "user_interaction") as heard:
        for garbage in ("garbage", b"\xff\xfe", "3", "[1]", "{}", "[" * 100_000):
            await redis.publish("user_interaction", garbage)
        await tell(commits, "cause", "7")
        await new_relay(sqlite_database, Streams(redis)).run_once()
    (seen,) = heard
    assert seen["event_type"] == "user_interaction"


async def test_a_key_that_is_no_stream_is_told_with_the_mend(redis: Redis) -> None:
    await redis.set(stream_name(0), "x")
    streams = Streams(redis)
    asked = (
        lambda: streams.position(0),
        lambda: streams.read({0: 0}),
        lambda: streams.append(0, 0, [Entry(0, 1, "waved", "{}")]),
    )
    for ask in asked:
        with pytest.raises(StoreUnavailable, match="delete those that TYPE does not call a stream"):
            await ask()
