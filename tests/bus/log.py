"""The log as SQL holds it, the streams as Redis holds them, and how they should agree."""

import json
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import Connection, select, update

from tests.log.units import telling
from tests.storage.dumps import Rows, rows_of
from tests.storage.fixtures import PARTITIONS
from yabot.bus.streams import stream_name
from yabot.log.commit_log import CommitLog
from yabot.log.tables import outbox, partitions
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database

Streams = dict[int, list[str]]
ALL = range(PARTITIONS)


async def tell(commits: CommitLog, cause_id: str, user_id: str | None, times: int = 1) -> None:
    """Commit events; again when another has just made the user's counter."""
    told = telling(cause_id, user_id, times)

    async def publish(work: UnitOfWork) -> None:
        work.absorb(told)

    await commits.decide(told.cause, publish)


async def committed(database: Database) -> Streams:
    """Each partition's envelopes by their positions, which must count from 1 without gaps."""
    query = select(outbox.c.partition, outbox.c.pos, outbox.c.envelope).order_by(
        outbox.c.partition, outbox.c.pos
    )

    def read(connection: Connection) -> Streams:
        found: Streams = {n: [] for n in ALL}
        for row in connection.execute(query):
            found[row.partition].append(row.envelope)
            assert row.pos == len(found[row.partition])
        return found

    return await database.read(read)


async def streams(redis: Redis) -> Streams:
    """Each partition's envelopes in Redis, whose ids must be 1-0, 2-0, …"""
    found: Streams = {}
    for n in ALL:
        entries = await entries_of(redis, n)
        assert [entry_id for entry_id, _ in entries] == [
            f"{k}-0" for k in range(1, len(entries) + 1)
        ]
        assert all(fields.keys() == {"event"} for _, fields in entries)
        found[n] = [fields["event"] for _, fields in entries]
    return found


async def entries_of(redis: Redis, partition: int) -> list[tuple[str, dict[str, str]]]:
    entries: Any = await redis.xrange(stream_name(partition))
    return list(entries)


def told_in(found: Streams) -> list[dict[str, Any]]:
    return [json.loads(envelope) for envelopes in found.values() for envelope in envelopes]


def assert_in_order(found: Streams) -> None:
    """Every user's events stand in one stream, by their sequence."""
    sequences: dict[str, list[int]] = {}
    for event in told_in(found):
        if "user_id" in event:
            sequences.setdefault(event["user_id"], []).append(event["sequence"])
    for user, numbers in sequences.items():
        assert numbers == list(range(1, len(numbers) + 1)), user


async def marks(database: Database) -> Rows:
    return await rows_of(database, partitions)


async def marked(database: Database) -> bool:
    """Whether all that is committed is known to be published."""
    return all(row["published_pos"] == row["last_pos"] for row in await marks(database))


async def forget_marks(database: Database, published_pos: int = 0) -> None:
    """As if the program had died between sending and marking."""
    statement = update(partitions).where(partitions.c.published_pos > published_pos)
    await database.write(
        lambda connection: connection.execute(statement.values(published_pos=published_pos))
    )


async def lose_tail(redis: Redis, partition: int, keep: int) -> None:
    """As a failover does to a replica that lagged behind: the stream's end is gone."""
    entries = await entries_of(redis, partition)
    await redis.delete(stream_name(partition))
    for entry_id, fields in entries[:keep]:
        await redis.xadd(stream_name(partition), {"event": fields["event"]}, id=entry_id)
