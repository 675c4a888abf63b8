"""Entries that are far too large are not brought here, and hold nothing up."""

from redis.asyncio import Redis

from tests.bus.inbound.service import AWARD, sequence, taken_in
from tests.storage.dumps import rows_of
from yabot.bus.inbound.reading import MOST_BYTES
from yabot.bus.inbound.sources import Entry
from yabot.bus.inbound.stream import ASIDE, INBOUND, LOOKED_AT, InboundStream
from yabot.bus.tables import dead_letters
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database

LARGE = 2**20


def shown(entries: list[Entry]) -> list[tuple[int | None, int]]:
    """How much of each event was brought here, and how much there is."""
    return [(None if each.event is None else len(each.event), each.size) for each in entries]


async def test_only_the_beginning_of_a_large_one_is_read(redis: Redis) -> None:
    await redis.xadd(INBOUND, {"event": b"\xff" * LARGE, "more": b"x" * LARGE})
    await redis.xadd(INBOUND, {"other": b"x" * LARGE})
    await redis.xadd(INBOUND, {"event": b"\xff"})
    stream = InboundStream(redis)
    entries = await stream.read(0)
    assert shown(entries) == [(MOST_BYTES, LARGE), (None, 0), (1, 1)]
    await stream.set_aside([each.id for each in entries])
    assert await redis.xlen(ASIDE) == 3
    assert shown(await stream.read_aside()) == shown(entries)


async def test_of_large_ones_few_are_read_at_a_time(redis: Redis) -> None:
    number = LOOKED_AT // LARGE + 2
    for _ in range(number):
        await redis.xadd(INBOUND, {"event": b"x" * LARGE})
    stream = InboundStream(redis)
    reads: list[int] = []
    while entries := await stream.read(0):
        reads.append(len(entries))
        stream.given(entries[-1])
    assert reads == [number - 2, 2]


async def test_they_hold_nothing_up(database: Database, commits: CommitLog, redis: Redis) -> None:
    for _ in range(3):
        await redis.xadd(INBOUND, {"event": b"x" * LARGE})
    await sequence(commits, redis, AWARD)
    assert await taken_in(database, [AWARD]) == ["award"]
    told = {row["error"] for row in await rows_of(database, dead_letters)}
    assert told == {f"it has {LARGE} bytes, and may have {MOST_BYTES}"}
