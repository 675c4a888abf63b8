"""The API of the bus alone, over both databases."""

from collections.abc import AsyncIterator

import pytest

from tests.api.client import ApiClient, serving
from tests.bus.api.follower import Follower
from yabot.api.operations.door import Door
from yabot.bus.api import routes
from yabot.log.commit_log import CommitLog


@pytest.fixture
async def api(commits: CommitLog) -> AsyncIterator[ApiClient]:
    async with serving(routes(commits, Door(commits))) as client:
        yield client


@pytest.fixture
def follower(api: ApiClient) -> Follower:
    return Follower(api)
