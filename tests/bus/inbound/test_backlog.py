"""A group that catches up reads page by page: what belongs before an event may be in the next."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis
from sqlalchemy import update

from tests.bus.inbound.service import Sent, sequencing, settle, violations, write
from tests.bus.inbound.test_end_to_end import heard, listening
from tests.log.units import unit
from tests.storage.fixtures import PARTITIONS
from tests.waiting import PATIENCE, until
from yabot.bus.groups import group as group_module
from yabot.bus.groups.positions import declare_groups
from yabot.bus.inbound import ingestion
from yabot.bus.inbound.window import KEEPS_TURN, NOTICED
from yabot.bus.outbox import READ_AT_ONCE
from yabot.bus.tables import ingested
from yabot.clock import utc_now
from yabot.events.operations import UserInteraction
from yabot.events.partition import partition_of
from yabot.features.narrative.events import NarrativeHintUnlocked
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database, executing

pytestmark = [pytest.mark.standard, pytest.mark.criterion("3.2.1", "3.2.4")]

NEIGHBOUR = next(
    str(n)
    for n in range(8, 999)
    if partition_of(str(n), PARTITIONS) == partition_of("7", PARTITIONS)
)


@pytest.fixture(autouse=True)
def always_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a busy machine takes from one commit to the next."""
    monkeypatch.setattr(ingestion, "IN_TIME", PATIENCE)


async def test_what_stands_in_the_next_page_has_its_turn(
    database: Database, commits: CommitLog, redis: Redis
) -> None:
    await _leave_a_backlog(database, commits, redis)
    await _expect_order(database, commits, redis)


async def test_also_when_the_group_has_its_hands_full(
    database: Database, commits: CommitLog, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it waits for would wait for it."""
    monkeypatch.setattr(group_module, "MOST_WAITING", 1)
    await _leave_a_backlog(database, commits, redis)
    await _expect_order(database, commits, redis)


async def _leave_a_backlog(database: Database, commits: CommitLog, redis: Redis) -> None:
    """Of a reader's own event, a page of others', and what another service sent in time that
    happened before all of them.
    """
    async with sequencing(commits, redis, window=0.02):
        await write(redis, Sent("known", 1, user_id="9").now())
        await settle(redis)
        # So that each worker has noticed.
        before = utc_now() - timedelta(seconds=NOTICED + 1)
        await database.write(executing(update(ingested).values(ingested_at=before), {}))
        await database.write(declare_groups(["test"]))
        theirs = Sent("theirs", 0, "reaction_detected").now()
        # At one moment, however busy the machine is.
        own = unit("own")
        own.publish(NarrativeHintUnlocked(hint_id="key", fragment_id="gate"), "7")
        for _ in range(READ_AT_ONCE):
            own.publish(UserInteraction(action="waved", context={}), NEIGHBOUR)
        await commits.commit(own)
        await write(redis, theirs)
        await settle(redis)
    assert await violations(database) == []
    too_old = utc_now() + timedelta(seconds=KEEPS_TURN)

    async def nothing_waits_for_its_age() -> bool:
        return utc_now() > too_old

    await until(nothing_waits_for_its_age)


async def _expect_order(database: Database, commits: CommitLog, redis: Redis) -> None:
    async def complete() -> bool:
        return len((await heard(database))["7"]) == 2

    async with listening(commits, redis):
        await until(complete)
    assert (await heard(database))["7"] == ["reaction_detected", "narrative_hint_unlocked"]
