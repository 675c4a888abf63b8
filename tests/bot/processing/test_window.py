"""What one process finds of all that others have stored."""

import pytest

from tests.bot.processing.bench import Bench, at_the_bench, two_open, until_begun, written
from tests.bot.sender.recorder import Recorder
from tests.storage.fixtures import NewDatabase
from tests.waiting import until
from yabot.bot.intake import Intake
from yabot.bot.partition_work import WINDOW
from yabot.bot.waiting import WaitingUpdates, Window
from yabot.storage.relational.database import Database

GREEDY, OTHER = 7, 8


async def test_of_one_reader_only_the_first_are_found_and_then_the_next(database: Database) -> None:
    intake = Intake(database, bot_id=1, partitions=4)
    await intake.store([written(n, GREEDY, "hello") for n in range(1, 7)])
    await intake.store([written(n, 100 + n, "hello") for n in range(7, 12)])
    waiting, window = WaitingUpdates(intake), Window(5, of_one=2)

    async def found(*known: int) -> list[int]:
        rows = await waiting.find(range(4), known, window)
        return [each.incoming.update_id for each in rows]

    assert await found() == [1, 2, 7, 8, 9]
    assert await found(1, 7) == [2, 8, 9]
    await database.write(intake.finished(1, "done"))
    assert await found() == [2, 3, 7, 8, 9]


@pytest.mark.criterion("scale.3")
async def test_a_reader_who_has_sent_thousands_elsewhere_keeps_nobody_waiting(
    new_postgres: NewDatabase, recorder: Recorder
) -> None:
    one, two = await two_open(new_postgres)
    async with at_the_bench(one, recorder) as owner, at_the_bench(two, recorder) as other:
        await owner.look()
        flood = [written(n, GREEDY, "slow") for n in range(WINDOW.most)]
        await other.intake.store([*flood, written(WINDOW.most, OTHER, "hello")])
        # The first of them is not done before the other one is.
        await until_begun(owner, owner.handlers.began)
        await until(lambda: _has_said_hello(owner))
        assert not owner.handlers.go_on.is_set()


async def _has_said_hello(owner: Bench) -> bool:
    return (await owner.noted()).get(str(OTHER)) == ["hello"]
