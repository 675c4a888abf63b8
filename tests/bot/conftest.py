from collections.abc import AsyncIterator

import pytest

from tests.bot.sender.recorder import Recorder, recording


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    async with recording() as started:
        yield started
