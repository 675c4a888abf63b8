"""A Redis that refuses us while we run is away until an operator lets us in again."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.storage.fixtures import PATIENCE_MS
from tests.uris import place_of
from tests.waiting import PATIENCE
from yabot.bus import streams as streams_module
from yabot.bus.connection import connect, ping_redis
from yabot.bus.streams import Streams, stream_name
from yabot.errors import StartupError, StoreUnavailable
from yabot.events.partition import Entry

USER = "storyteller"


@pytest.fixture
async def ours(redis: Redis, redis_db: str) -> AsyncIterator[Redis]:
    """Connected as a user of our own, whom ``redis`` may dismiss."""
    await admit(redis)
    url = f"redis://{USER}:secret@{place_of(redis_db)}"
    async with connect(url, password=None, max_pool_size=2, timeout_ms=PATIENCE_MS) as client:
        yield client
    await dismiss(redis)


async def admit(redis: Redis) -> None:
    await redis.acl_setuser(
        USER,
        enabled=True,
        passwords=["+secret"],
        keys=["*"],
        channels=["*"],
        categories=["+@all"],
    )


async def dismiss(redis: Redis) -> None:
    await redis.acl_deluser(USER)


@pytest.mark.criterion("1.1.5")
async def test_it_counts_as_away_until_the_user_is_there_again(redis: Redis, ours: Redis) -> None:
    streams = Streams(ours)
    assert await streams.position(0) == 0
    await dismiss(redis)
    with pytest.raises(StoreUnavailable, match="connection closed"):
        await streams.position(0)
    with pytest.raises(StoreUnavailable, match="refuses us"):
        await streams.position(0)
    await admit(redis)
    assert await streams.position(0) == 0


async def test_whoever_begins_is_refused(redis: Redis, ours: Redis) -> None:
    await dismiss(redis)
    with pytest.raises(StartupError, match="check REDIS_PASSWORD"):
        await ping_redis(ours)


async def test_a_stream_that_may_not_be_looked_at_is_not_taken_for_an_empty_one(
    redis: Redis, ours: Redis
) -> None:
    await redis.xadd(stream_name(0), {"event": "{}"}, id="1-0")
    await redis.acl_setuser(USER, enabled=True, commands=["-xinfo"])
    with pytest.raises(StoreUnavailable, match="not the right to a command"):
        await Streams(ours).append(0, 1, [Entry(0, 2, "waved", "{}")])


@pytest.fixture(params=["7.0", "6.2"])
def since(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Since which version of Redis a server can do what the script asks of it."""
    if request.param == "6.2":
        script = streams_module.SCRIPT.replace("redis.acl_check_cmd", "nil")
        assert script != streams_module.SCRIPT
        monkeypatch.setattr(streams_module, "SCRIPT", script)
    return str(request.param)


async def test_what_may_not_be_published_is_not_appended_either(
    redis: Redis, ours: Redis, since: str
) -> None:
    """Redis gives a new user no channel: those who listen on one would miss every event."""
    await redis.acl_setuser(USER, enabled=True, reset_channels=True, channels=["waved"])
    streams = Streams(ours)
    batch = [Entry(0, n, kind, "{}") for n, kind in enumerate(("waved", "sung", "waved"), 1)]
    with pytest.raises(StoreUnavailable, match=r"our user has not the right to .* channel"):
        await streams.append(0, 0, batch)
    stands_at = await streams.position(0)
    # An older one is not asked beforehand: what stands before it is where it belongs.
    assert stands_at == (0 if since == "7.0" else 1)
    await redis.acl_setuser(USER, enabled=True, channels=["*"])
    assert await streams.append(0, stands_at, batch[stands_at:]) == (3, True)


async def test_what_may_not_be_appended_is_not_published_either(
    redis: Redis, ours: Redis, since: str
) -> None:
    """It will be, with the entry: twice would be once too often."""
    await redis.acl_setuser(USER, enabled=True, commands=["-xadd"])
    listening = redis.pubsub()
    await listening.subscribe("waved")
    assert await listening.get_message(timeout=PATIENCE) is not None
    streams, entry = Streams(ours), Entry(0, 1, "waved", "{}")
    with pytest.raises(StoreUnavailable, match="not the right to a command"):
        await streams.append(0, 0, [entry])
    await redis.acl_setuser(USER, enabled=True, commands=["+xadd"])
    assert await streams.append(0, 0, [entry]) == (1, True)
    await redis.publish("waved", "the last one")
    heard = [await listening.get_message(timeout=PATIENCE) for _ in range(2)]
    assert [each and each["data"] for each in heard] == ["{}", "the last one"]
    await listening.aclose()  # type: ignore[no-untyped-call]


async def test_no_call_of_a_batch_fails(redis: Redis) -> None:
    """Whoever watches the server's errors is to see those that are some."""

    async def failed() -> int:
        found = await redis.info("commandstats")
        return int(found.get("cmdstat_xadd", {}).get("failed_calls", 0))

    before = await failed()
    assert await Streams(redis).append(0, 0, [Entry(0, 1, "waved", "{}")]) == (1, True)
    assert await failed() == before


async def test_a_redis_without_room_is_told_with_the_mend(redis: Redis) -> None:
    streams = Streams(redis)
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable, match=r"memory is full .* raise it"):
            await streams.append(0, 0, [Entry(0, 1, "waved", "{}")])
    finally:
        await redis.config_set("maxmemory", 0)
    assert await streams.append(0, 0, [Entry(0, 1, "waved", "{}")]) == (1, True)
