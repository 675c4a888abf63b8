"""The one way to make things happen: decide, commit, and decide again when it has to be."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from typing_extensions import override

from tests.cancelling import await_what_is_cancelled
from tests.log.faults import failing_commit
from tests.log.units import stepped, version
from tests.storage.dumps import rows_of
from tests.storage.fixtures import new_commits
from tests.storage.losing_answers import LosingAnswers
from tests.storage.passing_on import PassingOn
from tests.waiting import PATIENCE
from yabot.errors import GuardFailed, LeaseLost, StoreUnavailable
from yabot.log.commit_log import MOST_DECISIONS, CommitLog
from yabot.log.tables import doc_changes, receipts
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.waits import outage_of_sql, whatever_passes
from yabot.runtime import watch as watch_module
from yabot.runtime.interruption import Interrupted
from yabot.runtime.watch import Gate, StoreWatch
from yabot.storage.relational.database import Database, Statement

CAUSE = Cause("test", "cause", "about cause")


async def test_whoever_loses_a_race_decides_again_on_what_has_become_of_it(
    database: Database, commits: CommitLog
) -> None:
    async def step(work: UnitOfWork) -> int:
        seen = await version(database, "7")
        work.change_document(stepped("7", seen))
        return seen

    decided = await asyncio.gather(
        *(commits.decide(Cause("test", f"{n}", f"{n}"), step) for n in range(6))
    )
    assert sorted(each.answer for each in decided) == list(range(6))
    rows = await rows_of(database, doc_changes)
    assert [row["from_version"] for row in rows] == list(range(6))


@pytest.mark.parametrize("attempts", [1, MOST_DECISIONS])
async def test_who_always_loses_is_told_so(commits: CommitLog, attempts: int) -> None:
    seen: list[bool] = []

    async def lose(work: UnitOfWork) -> None:
        seen.append(work.changes_anything)
        work.change_document(stepped("7", 5))

    with pytest.raises(GuardFailed, match="the state of user 7"):
        await commits.decide(CAUSE, lose, attempts=attempts)
    assert seen == [False] * attempts


async def test_a_decision_that_awaits_what_is_cancelled_has_failed_like_any_other(
    database: Database, commits: CommitLog
) -> None:
    async def decide(work: UnitOfWork) -> None:
        work.leave_receipt()
        await await_what_is_cancelled()

    with pytest.raises(Interrupted):
        await commits.decide(CAUSE, decide)
    assert not await rows_of(database, receipts)


async def test_whoever_ends_a_decision_ends_it(commits: CommitLog) -> None:
    deciding, began = asyncio.Event(), asyncio.Event()

    async def decide(_work: UnitOfWork) -> None:
        began.set()
        await deciding.wait()

    task = asyncio.create_task(commits.decide(CAUSE, decide))
    await began.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_what_is_to_be_said_of_a_decision_is_said_with_its_commit(
    commits: CommitLog,
) -> None:
    said: list[str] = []

    async def step(work: UnitOfWork) -> None:
        lost = not said
        said.append("decided")
        draft = work.draft()
        draft.change_document(stepped("7", 5 if lost else 0))
        draft.afterwards.append(lambda: said.append("it is so"))
        copied = work.copy()
        copied.absorb(draft)
        work.become(copied)
        work.draft().afterwards.append(lambda: said.append("it is thrown away"))

    await commits.decide(CAUSE, step)
    assert said == ["decided", "decided", "it is so"]
    assert (await commits.decide(CAUSE, step)).committed.duplicate
    assert said == ["decided", "decided", "it is so", "decided"]


async def test_what_is_said_wrongly_undoes_nothing(database: Database, commits: CommitLog) -> None:
    told: list[object] = []
    commits.followers.append(told.append)

    async def step(work: UnitOfWork) -> None:
        work.change_document(stepped("7", 0))
        work.afterwards.append(lambda: 1 / 0)

    assert (await commits.decide(CAUSE, step)).committed == told[0]
    assert await version(database, "7") == 1


async def test_what_adds_nothing_leaves_no_receipt(database: Database, commits: CommitLog) -> None:
    async def look(_work: UnitOfWork) -> str:
        return "nothing to do"

    told: list[object] = []
    commits.followers.append(told.append)
    answer, committed = await commits.decide(CAUSE, look)
    assert (answer, committed.duplicate, told) == ("nothing to do", False, [])
    assert await rows_of(database, receipts) == []


async def test_a_check_runs_first_and_keeps_the_work_of_another_process_from_happening(
    database: Database, commits: CommitLog
) -> None:
    ran: list[str] = []

    def refuse(_connection: object) -> None:
        ran.append("check")
        raise LeaseLost("it is another's")

    async def change(work: UnitOfWork) -> None:
        work.add(lambda _connection: ran.append("change"))

    with pytest.raises(LeaseLost):
        await commits.decide(CAUSE, change, checks=[refuse], waits_out=whatever_passes)
    assert ran == ["check"]
    assert await rows_of(database, receipts) == []


async def test_an_outage_is_waited_out_and_decided_anew(commits: CommitLog) -> None:
    met: list[UnitOfWork] = []

    async def step(work: UnitOfWork) -> str:
        met.append(work)
        work.change_document(stepped("7", 0))
        if len(met) < 3:
            raise StoreUnavailable(commits.database.gate.store, "it is away")
        return "done"

    answer, committed = await commits.decide(CAUSE, step, waits_out=outage_of_sql)
    assert (answer, len(committed.documents)) == ("done", 1)
    assert len({id(work) for work in met}) == 3


async def test_a_commit_whose_answer_got_lost_is_not_decided_again(database: Database) -> None:
    """What the decision gave is what has happened, and it might find its own effect now."""
    losing, made = LosingAnswers(database), list[UnitOfWork]()
    commits, looks = new_commits(losing), list[None]()
    commits.on_untold.append(lambda: looks.append(None))

    said: list[str] = []

    async def step(work: UnitOfWork) -> int:
        made.append(work)
        work.change_document(stepped("7", await version(losing, "7")))
        work.afterwards.append(lambda: said.append("it is so"))
        losing.losing = len(made) == 1
        return len(made)

    answer, committed = await commits.decide(CAUSE, step, waits_out=outage_of_sql)
    assert (answer, committed.duplicate, len(made)) == (1, True, 1)
    assert said == ["it is so"]
    assert await version(database, "7") == 1
    # When the answer is missing, and when it is known to have happened.
    assert len(looks) == 2


class Lagging(PassingOn):
    """A database that breaks the connection, and does the first write when the second comes."""

    begun: Statement[Any] | None = None
    writes = 0

    @override
    async def write(self, work: Statement[Any]) -> Any:
        self.writes += 1
        if self.writes == 1:
            self.begun = work
            raise StoreUnavailable(self.gate.store, "the connection broke")
        if self.begun is not None:
            begun, self.begun = self.begun, None
            await super().write(begun)
        return await super().write(work)


async def test_a_commit_that_has_happened_at_the_last_moment_is_the_one_that_is_told(
    database: Database,
) -> None:
    lagging, made = Lagging(database), list[UnitOfWork]()

    async def step(work: UnitOfWork) -> int:
        made.append(work)
        work.change_document(stepped("7", await version(database, "7")))
        return len(made)

    answer, committed = await new_commits(lagging).decide(CAUSE, step, waits_out=outage_of_sql)
    assert (answer, committed.duplicate, len(made)) == (1, True, 2)
    assert await version(database, "7") == 1


@pytest.mark.parametrize("fails_again", [False, True])
async def test_a_commit_of_which_nothing_has_happened_is_decided_again(
    database: Database, commits: CommitLog, fails_again: bool
) -> None:
    made: list[UnitOfWork] = []
    broken = ExitStack()

    async def step(work: UnitOfWork) -> int:
        made.append(work)
        work.change_document(stepped("7", await version(database, "7")))
        if len(made) == 1:
            broken.enter_context(failing_commit(database.engine))
        elif not fails_again or len(made) > 2:
            broken.close()
        return len(made)

    answer, committed = await commits.decide(CAUSE, step, waits_out=outage_of_sql)
    assert (answer, committed.duplicate) == (2 + fails_again, False)
    assert await version(database, "7") == 1


async def test_an_outage_of_another_store_is_the_callers_to_tell_of(commits: CommitLog) -> None:
    async def read(_work: UnitOfWork) -> None:
        raise StoreUnavailable("MongoDB", "it is away")

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(StoreUnavailable, match="MongoDB"):
            await commits.decide(CAUSE, read, waits_out=outage_of_sql)


async def test_who_waits_out_whatever_passes_goes_on_behind_any_number_of_lost_races(
    database: Database, commits: CommitLog
) -> None:
    made: list[UnitOfWork] = []

    async def step(work: UnitOfWork) -> None:
        made.append(work)
        work.change_document(stepped("7", 0 if len(made) > 2 * MOST_DECISIONS else 5))

    await commits.decide(CAUSE, step, waits_out=whatever_passes)
    assert await version(database, "7") == 1


@dataclass
class Watched:
    """A store besides SQL, which is there or not, and the failures of calls to it."""

    is_there: bool
    failures: int
    calls: int = 0

    async def ping(self) -> None:
        if not self.is_there:
            raise StoreUnavailable("MongoDB", "it is away")

    async def call(self, work: UnitOfWork) -> str:
        self.calls += 1
        work.change_document(stepped("7", 0))
        if self.calls <= self.failures:
            raise StoreUnavailable("MongoDB", "its connection broke")
        return "done"


@asynccontextmanager
async def watched(store: Watched) -> AsyncIterator[Gate]:
    """The store's, which a watch looks after."""

    async def connect() -> None:
        pass

    watch = StoreWatch(Gate("MongoDB"), connect, store.ping)
    await watch.start(PATIENCE)
    yield watch.gate
    await watch.stop()


async def test_a_failure_of_a_store_that_is_there_is_decided_again(commits: CommitLog) -> None:
    store = Watched(is_there=True, failures=1)
    async with watched(store) as gate:
        answer, committed = await commits.decide(CAUSE, store.call, doubted=gate)
    assert (answer, store.calls, len(committed.documents)) == ("done", 2, 1)


@pytest.mark.parametrize(("is_there", "calls"), [(True, 2), (False, 1)])
async def test_a_store_that_goes_on_failing_or_is_away_is_told(
    commits: CommitLog, is_there: bool, calls: int
) -> None:
    store = Watched(is_there, failures=MOST_DECISIONS)
    async with watched(store) as gate:
        with pytest.raises(StoreUnavailable, match="MongoDB"):
            await commits.decide(CAUSE, store.call, doubted=gate)
    assert store.calls == calls


async def test_a_store_that_is_there_and_too_slow_is_not_asked_everything_twice(
    commits: CommitLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "PING_EVERY", 2 * PATIENCE)
    store = Watched(is_there=True, failures=3)
    async with watched(store) as gate:
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="MongoDB"):
                await commits.decide(CAUSE, store.call, doubted=gate)
    assert store.calls == 3
