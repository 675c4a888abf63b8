"""The stream on one server, through Sentinels, and on a Cluster."""

import pytest

from tests.bus.inbound.service import AWARD, HINT, REACTION, sequence, taken_in
from tests.bus.topologies.redis_places import Connect, Place
from tests.storage.fixtures import new_commits
from yabot.bus.inbound.stream import INBOUND
from yabot.storage.relational.database import Database

pytestmark = pytest.mark.slow


@pytest.mark.criterion("2.1.4")
async def test_events_are_taken_in_wherever_the_stream_is(
    sqlite_database: Database, place: Place, connected: Connect
) -> None:
    redis = await connected(**place.environment)
    await redis.xadd(INBOUND, {"event": b"\xff no text"})
    await sequence(new_commits(sqlite_database), redis, HINT, AWARD, REACTION)
    assert await taken_in(sqlite_database, [REACTION, AWARD, HINT]) == ["reaction", "award", "hint"]
