"""A process that was not heard of for too long, and finds that nobody has taken over."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from typing_extensions import override

from tests.bot.processing.bench import Bench, at_the_bench, until_begun, written
from tests.bot.sender.desk import texts_to
from tests.bot.sender.recorder import Recorder
from tests.storage.fixtures import NewDatabase
from tests.waiting import PATIENCE, until

# Each waits for one process's lease to end in another.
pytestmark = [pytest.mark.slow, pytest.mark.criterion("scale.3")]

LEASE = 3.0
# What still runs gets five seconds to end.


class SlowTelegram(Recorder):
    """Takes its time over the first message that says "heavy"."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    @override
    async def _answer(self, request: web.Request) -> web.Response:
        if (await request.post()).get("text") == "heavy" and not self.asked.is_set():
            self.asked.set()
            await self.go_on.wait()
        return await super()._answer(request)


@pytest.fixture
async def telegram() -> AsyncIterator[SlowTelegram]:
    started = SlowTelegram()
    runner = await started.start()
    yield started
    await runner.cleanup()


@pytest.fixture
async def bench(new_postgres: NewDatabase, telegram: SlowTelegram) -> AsyncIterator[Bench]:
    database = new_postgres()
    await database.open()
    async with at_the_bench(database, telegram, lease=LEASE) as opened:
        await opened.look()
        yield opened


async def lose_and_regain(bench: Bench) -> None:
    await lose(bench)
    await gain(bench)


async def lose(bench: Bench) -> None:
    async def lapsed() -> bool:
        return not bench.owns("7")

    await until(lapsed)


async def gain(bench: Bench) -> None:
    async def owned() -> bool:
        await bench.look()
        return bench.owns("7")

    await until(owned)


async def test_what_waits_behind_a_slow_update_keeps_its_order(bench: Bench) -> None:
    async def all_noted() -> bool:
        await bench.look()
        return len((await bench.noted())["7"]) == 3

    await bench.receive(written(1, 7, "slow"), written(2, 7, "second"))
    await until_begun(bench, bench.handlers.began)
    await lose_and_regain(bench)
    await bench.receive(written(3, 7, "third"))
    bench.handlers.go_on.set()
    await until(all_noted)
    assert (await bench.noted())["7"] == ["slow", "second", "third"]


async def test_what_waits_behind_a_slow_message_keeps_its_order(
    bench: Bench, telegram: SlowTelegram
) -> None:
    async def all_sent() -> bool:
        await bench.look()
        await bench.sender.resume()
        return len(texts_to(telegram, 7)) == 3

    await bench.receive(written(1, 7, "heavy"), written(2, 7, "second"))
    await until_begun(bench, telegram.asked)
    await lose_and_regain(bench)
    await bench.receive(written(3, 7, "third"))
    await until(lambda: has_noted(bench, 3))
    telegram.go_on.set()
    await until(all_sent)
    assert [call.text for call in telegram.taken] == ["heavy", "second", "third"]


async def test_what_another_has_sent_meanwhile_is_not_sent_again(
    bench: Bench, telegram: SlowTelegram, new_postgres: NewDatabase
) -> None:
    await bench.receive(written(1, 7, "heavy"), written(2, 7, "second"))
    await until_begun(bench, telegram.asked)
    await until(lambda: has_noted(bench, 2))
    await lose(bench)
    elsewhere = new_postgres()
    await elsewhere.open()
    async with at_the_bench(elsewhere, telegram) as heir:
        await gain(heir)
        await heir.finish()
    await gain(bench)
    telegram.go_on.set()
    assert await bench.sender.lanes.drain(PATIENCE)
    # The last one was on its way when the partition was lost.
    assert [call.text for call in telegram.taken] == ["heavy", "second", "heavy"]


async def has_noted(bench: Bench, number: int) -> bool:
    await bench.look()
    return len((await bench.noted())["7"]) == number
