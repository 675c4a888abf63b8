"""A stream of commits that goes on whatever happens to Redis, and what it must come to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.bus.log import Streams as Envelopes
from tests.bus.log import assert_in_order, committed, marked, streams, tell, told_in
from tests.storage.fixtures import new_commits
from tests.waiting import PATIENCE, until
from yabot.bus.relay import Relay
from yabot.bus.streams import Streams
from yabot.errors import StartupError, StoreUnavailable
from yabot.log.commit_log import CommitLog
from yabot.storage.relational.database import Database

USERS = 8
PAUSE = 0.004
# A part of the log is resent after a failover, and the slowest failover takes three seconds.


class Flow:
    """Every commit tells two events of one user; the relay brings them to Redis."""

    def __init__(self, database: Database, redis: Redis) -> None:
        self.commits = 0
        self._stopping = False
        self._database = database
        self._redis = redis
        self._log: CommitLog = new_commits(database)
        self.relay = Relay(database, Streams(redis), sweep_seconds=1.0)
        self._log.followers.append(self.relay.notice)

    async def more(self, commits: int) -> None:
        """Once there are so many more."""
        enough = self.commits + commits

        async def are_there() -> bool:
            return self.commits >= enough

        await until(are_there)

    async def run(self) -> None:
        while not self._stopping:
            await tell(self._log, f"{self.commits}", str(self.commits % USERS), times=2)
            self.commits += 1
            await asyncio.sleep(PAUSE)

    def stop(self) -> None:
        """After the commit that is being made."""
        self._stopping = True

    async def arrives(self) -> None:
        """All that was committed is in Redis, each once and in its order."""
        found: Envelopes = {}

        async def all_are_there() -> bool:
            nonlocal found
            try:
                found = await streams(self._redis)
            except (RedisError, StartupError, StoreUnavailable):
                return False
            return len(told_in(found)) >= 2 * self.commits and await marked(self._database)

        await until(all_are_there)
        assert found == await committed(self._database)
        assert len(told_in(found)) == 2 * self.commits
        assert_in_order(found)


@asynccontextmanager
async def flowing(database: Database, redis: Redis) -> AsyncIterator[Flow]:
    """Commits are made until the block ends; then everything has to arrive."""
    flow = Flow(database, redis)
    flow.relay.loop.start()
    running = asyncio.create_task(flow.run())
    try:
        await flow.more(30)
        yield flow
    finally:
        flow.stop()
        await running
    await flow.arrives()
    await flow.relay.loop.finish(PATIENCE)
