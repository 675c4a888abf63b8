"""What is committed is told to every follower, whatever becomes of who asked for it."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from tests.log.units import everything, stepping, telling
from tests.storage.dumps import rows_of
from tests.waiting import PATIENCE
from yabot.log.commit_log import CommitLog, Committed
from yabot.log.tables import receipts
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database


class Held:
    """A statement that stays in the middle of its transaction until it may go on."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self._then = then
        self._loop = asyncio.get_running_loop()
        self.reached = asyncio.Event()
        self._go_on = threading.Event()

    def __call__(self, _connection: Connection) -> None:
        self._loop.call_soon_threadsafe(self.reached.set)
        assert self._go_on.wait(PATIENCE)
        self._then()

    def go_on(self) -> None:
        self._go_on.set()


async def cancelled_in_the_middle(commits: CommitLog, work: UnitOfWork, held: Held) -> None:
    work.add(held)
    committing = asyncio.create_task(commits.commit(work))
    await held.reached.wait()
    committing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await committing


async def test_followers_hear_of_a_commit_whose_caller_was_cancelled(commits: CommitLog) -> None:
    told: list[Committed] = []
    commits.followers.append(told.append)
    await commits.commit(stepping("before", "9", 0))
    told.clear()
    held = Held()
    await cancelled_in_the_middle(commits, everything("cause", "7", "9"), held)
    assert told == []
    finishing = asyncio.create_task(commits.finish(PATIENCE))
    held.go_on()
    await finishing
    (committed,) = told
    assert len(committed.messages) == 2
    assert len(committed.documents) == 2
    assert len(committed.events) == 4


async def test_an_error_that_nobody_waits_for_any_more_is_in_the_log(
    database: Database, commits: CommitLog, caplog: pytest.LogCaptureFixture
) -> None:
    forgotten: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, told: forgotten.append(told))

    def fail() -> None:
        raise RuntimeError("a secret of the reader")

    held = Held(fail)
    await cancelled_in_the_middle(commits, telling("cause", "7"), held)
    held.go_on()
    await commits.finish(PATIENCE)
    await asyncio.sleep(0)
    (line,) = [str(each.msg) for each in caplog.records if "commit.left_alone" in str(each.msg)]
    assert "RuntimeError" in line
    assert "secret" not in line
    assert forgotten == []
    assert await rows_of(database, receipts) == []


async def test_a_follower_that_fails_keeps_no_other_from_hearing(commits: CommitLog) -> None:
    told: list[Committed] = []
    looked: list[None] = []

    def fail(_committed: Committed) -> None:
        raise RuntimeError

    commits.followers += [fail, told.append]
    commits.on_untold.append(lambda: looked.append(None))
    committed = await commits.commit(telling("cause", "7"))
    assert (told, looked) == ([committed], [None])
