"""Events take effect once, in each user's order, whichever road they come by."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from sqlalchemy import Connection, insert

from tests.bus.log import tell
from tests.bus.relays import new_relay
from tests.storage.dumps import rows_of
from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE, until
from yabot.bus.groups.building import build_group
from yabot.bus.groups.feed import Feed
from yabot.bus.groups.positions import declare_groups
from yabot.bus.groups.worker import EventWorker
from yabot.bus.streams import Streams
from yabot.clock import utc_now
from yabot.events.operations import UserInteraction
from yabot.log.commit_log import CommitLog
from yabot.log.leases import SoleLeases
from yabot.log.tables import audit_log
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database
from yabot.subscriber import Event, Subscriber


async def note(event: Event[UserInteraction], work: UnitOfWork) -> None:
    """The effect: one row of the audit for each event."""
    row = {
        "kind": "noted",
        "user_id": event.user_id,
        "details": event.payload.action,
        "created_at": utc_now(),
    }

    def add(connection: Connection) -> None:
        connection.execute(insert(audit_log), row)

    work.add(add)


NOTING = Subscriber("test.note", UserInteraction, note)


async def noted(database: Database) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in await rows_of(database, audit_log):
        if row["kind"] == "noted":
            found[row["user_id"]].append(row["details"])
    return found


@asynccontextmanager
async def working(commits: CommitLog, redis: Redis) -> AsyncIterator[EventWorker]:
    await commits.database.write(declare_groups(["test"]))
    relay = new_relay(commits.database, Streams(redis))
    commits.followers.append(relay.notice)
    relay.loop.start()
    group = build_group("test", [NOTING], commits, SoleLeases(PARTITIONS))
    worker = EventWorker(Feed(Streams(redis), PARTITIONS), [group])
    worker.start()
    try:
        yield worker
    finally:
        await worker.stop()
        await relay.loop.finish(PATIENCE)
        commits.followers.remove(relay.notice)


async def test_each_event_takes_effect_once_in_the_order_of_its_user(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    async with working(commits, redis):
        for n in range(30):
            await asyncio.gather(*(tell(commits, f"{user}-{n}", str(user)) for user in range(7)))

        async def complete() -> bool:
            return sum(map(len, (await noted(database)).values())) == 210

        await until(complete)
    found = await noted(database)
    assert found == {str(user): [f"{user}-{n}:0" for n in range(30)] for user in range(7)}
