"""What one process has sent and another takes over."""

from collections import Counter

import pytest

from tests.bot.processing.bench import at_the_bench, two_open, until_begun, written
from tests.bot.processing.test_mistakes import refuse, refuse_no_more
from tests.bot.sender.recorder import Recorder
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE

pytestmark = pytest.mark.criterion("scale.3")

TIMES = 8


async def test_what_was_sent_just_before_a_hand_over_is_not_sent_again(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    one, two = await two_open(new_postgres)
    for n in range(TIMES):
        async with at_the_bench(one, recorder) as leaving, at_the_bench(two, recorder) as heir:
            await leaving.look()
            await leaving.receive(written(n, n, "hello"))
            await leaving.finish()
            await heir.look()
            await heir.finish()
    assert Counter(call.chat_id for call in recorder.taken) == dict.fromkeys(range(TIMES), 1)


async def test_who_stops_takes_up_nothing_new_and_keeps_what_it_has(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    one, two = await two_open(new_postgres)
    async with at_the_bench(one, recorder) as stopping, at_the_bench(two, recorder) as heir:
        await stopping.look()
        stopping.rounds.close()
        await heir.intake.store([written(1, 7, "slow")])
        await stopping.look()
        assert not stopping.processor.under_way
        assert stopping.owns("7")
        await stopping.finish()
        await heir.look()
        # Its handler waits, or the update might be done before anybody looks.
        await until_begun(heir, heir.handlers.began)
        assert heir.processor.under_way == {1}
        heir.handlers.go_on.set()
        await heir.finish()
    assert [call.text for call in recorder.taken] == ["slow"]


async def test_what_was_lost_and_another_has_handled_holds_up_nobody_where_it_comes_back(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    one, two = await two_open(new_postgres)
    async with at_the_bench(one, recorder) as first, at_the_bench(two, recorder) as other:
        await first.look()
        await one.write(refuse)
        await first.receive(*(written(n, n, "hello") for n in range(TIMES)))
        assert await first.processor.lanes.drain(PATIENCE)
        await one.write(refuse_no_more)
        # Each round takes both of them further to their share.
        for bench in (other, first, other):
            await bench.look()
        handed_over = [n for n in range(TIMES) if other.owns(str(n))]
        assert handed_over
        await other.finish()
        await first.look()
        await first.receive(*(written(TIMES + n, n, "again") for n in handed_over))
        assert await first.processor.lanes.drain(PATIENCE)
        noted = await first.noted()
        assert [noted[str(n)] for n in handed_over] == [["hello", "again"]] * len(handed_over)
        await first.finish()


async def test_an_heir_looks_at_once_for_what_the_other_has_committed(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    """Its own sweep would find it far later."""
    one, two = await two_open(new_postgres)
    async with at_the_bench(one, recorder) as leaving, at_the_bench(two, recorder) as heir:
        await leaving.look()
        await heir.look()
        assert not heir.looks
        await leaving.finish()
        await heir.look()
        assert len(heir.looks) == 1
        await heir.look()
        assert len(heir.looks) == 1
        await heir.finish()
