"""What one process has sent and another takes over."""

import asyncio
from collections import Counter

import pytest

from tests.processing.bench import at_the_bench, written
from tests.sender.recorder import Recorder
from tests.storage.fixtures import NewDatabase

pytestmark = pytest.mark.criterion("scale.3")

TIMES = 8


async def test_what_was_sent_just_before_a_hand_over_is_not_sent_again(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    one, two = new_postgres(), new_postgres()
    await asyncio.gather(one.open(), two.open())
    for n in range(TIMES):
        async with at_the_bench(one, recorder) as leaving, at_the_bench(two, recorder) as heir:
            await leaving.rounds.run_once()
            await leaving.receive(written(n, n, "hello"))
            await leaving.finish()
            await heir.rounds.run_once()
            await heir.finish()
    assert Counter(call.chat_id for call in recorder.taken) == dict.fromkeys(range(TIMES), 1)
