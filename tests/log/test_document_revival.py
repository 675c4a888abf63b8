"""No document outlives its user, although one process still holds what another has deleted."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError

from tests.features.users.storage.world import World, new_world
from tests.log.following import new_follower, versions
from tests.log.units import state
from tests.storage.dumps import rows_of
from tests.storage.fixtures import NewDatabase
from tests.storage.passing_on import PassingOn
from tests.waiting import PATIENCE, until
from yabot.errors import StoreUnavailable
from yabot.log.commit_log import Committed
from yabot.log.document_follower import DocumentFollower
from yabot.log.documents import checked
from yabot.log.tables import doc_changes
from yabot.log.unit_of_work import Cause, DocumentChange
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database, Statement


class Observed(PassingOn):
    """Counts its reads; a chosen one stops its reader, or fails, when it has its answer."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.reads = 0
        self._stops_at = self._fails_at = 0
        self._stopped = asyncio.Event()
        self._goes_on = asyncio.Event()

    def fail_at_next(self) -> None:
        self._fails_at = self.reads + 1

    @asynccontextmanager
    async def stopping(self, begin: Callable[[], object]) -> AsyncIterator[None]:
        """What ``begin`` sets going stands still behind its first read while the body runs."""
        self._stops_at = self.reads + 1
        begin()
        await asyncio.wait_for(self._stopped.wait(), PATIENCE)
        try:
            yield
        finally:
            self._goes_on.set()

    async def read(self, query: Statement[Any]) -> Any:
        found = await super().read(query)
        self.reads += 1
        if self.reads == self._fails_at:
            raise StoreUnavailable("SQL", "the connection was lost before the answer came")
        if self.reads == self._stops_at:
            self._stopped.set()
            await self._goes_on.wait()
        return found


@pytest.fixture
async def observed(new_postgres: NewDatabase) -> Observed:
    """The worker's connection; the bot has its own."""
    database = Observed(new_postgres())
    await database.open()
    return database


@pytest.fixture
def worker(observed: Observed, new_documents: Callable[[], DocumentStore]) -> DocumentFollower:
    return new_follower(observed, new_documents())


@pytest.fixture
def bot(postgres_database: Database, documents: DocumentStore) -> DocumentFollower:
    return new_follower(postgres_database, documents)


@pytest.fixture
def world(postgres_database: Database, documents: DocumentStore) -> World:
    return new_world(postgres_database, documents)


@asynccontextmanager
async def at_work(follower: DocumentFollower, database: Observed) -> AsyncIterator[None]:
    """In the body it looks to its memory, not to SQL; at the end it has done all that is there."""
    await follower.catch_up()
    reads = database.reads
    follower.loop.start()

    async def has_looked_into_sql() -> bool:
        return database.reads > reads

    try:
        await until(has_looked_into_sql)
        yield
    finally:
        await follower.loop.finish(PATIENCE)


def step(version: int, user_id: str = "7") -> Committed:
    """What a process remembers of a commit, whatever has become of it since."""
    change, _ = checked(DocumentChange(user_id, version - 1, state(user_id, version)))
    return Committed(Cause("test", "told", "told"), documents=((-version, change),))


async def come_and_go(world: World, bot: DocumentFollower) -> None:
    """Versions 1 and 2 of the user, and the deletion as the third, which MongoDB has."""
    await world.register()
    await world.prefer("language", "en")
    await world.delete()
    await bot.catch_up()


@pytest.mark.criterion("1.3.5")
async def test_a_change_read_before_the_deletion_and_written_behind_it_does_not_stay(
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    await world.register()
    await bot.catch_up()
    await world.prefer("language", "en")
    async with observed.stopping(worker.loop.start):
        await world.delete()
        await bot.catch_up()
        assert await versions(documents) == {}
    await worker.loop.finish(PATIENCE)
    assert await versions(documents) == {}


async def test_a_change_remembered_beyond_the_deletion_does_not_stay(
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    async with at_work(worker, observed):
        await come_and_go(world, bot)
        worker.notice(step(2))
    assert await versions(documents) == {}


async def test_it_does_not_stay_either_when_others_of_its_batch_were_there_already(
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    async with at_work(worker, observed):
        await come_and_go(world, bot)
        await documents["users"].insert_one(state("8", 1).model_dump(by_alias=True))
        worker.notice(step(1, "8"))
        worker.notice(step(2, "7"))
    assert await versions(documents) == {"8": 1}


async def test_a_deletion_whose_row_is_still_there_is_not_waited_for(
    postgres_database: Database,
    documents: DocumentStore,
    world: World,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    """Another follower may have applied it already, and be about to remove the row."""
    await world.register()
    async with at_work(worker, observed):
        await world.delete()
        await documents["users"].delete_one({"_id": "7", "version": {"$lte": 1}})
        worker.notice(step(1))
    assert await versions(documents) == {}
    assert [row["document"] for row in await rows_of(postgres_database, doc_changes)] == [None]


async def test_a_late_change_that_replaces_a_late_one_does_not_stay_either(
    postgres_database: Database,
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    """It has inserted nothing, so whoever has inserted deletes it as well."""
    await come_and_go(world, bot)
    of_third = Observed(postgres_database)
    third = new_follower(of_third, documents)
    async with at_work(third, of_third), at_work(worker, observed):

        async def is_replaced() -> bool:
            return await versions(documents) == {"7": 2}

        async with observed.stopping(lambda: worker.notice(step(1))):
            third.notice(step(2))
            await until(is_replaced)
    assert await versions(documents) == {}


async def test_an_answer_that_does_not_come_is_asked_for_again(
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    """No row is left that would lead there."""
    await come_and_go(world, bot)
    async with at_work(worker, observed):
        before = observed.reads
        observed.fail_at_next()
        worker.notice(step(2))

        async def is_gone() -> bool:
            # It asks behind the insertion: until then nothing is there to be gone.
            return observed.reads > before and await versions(documents) == {}

        await until(is_gone)
    assert await versions(documents) == {}


async def test_whoever_has_come_back_before_the_late_change_stays(
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    async with at_work(worker, observed):
        await come_and_go(world, bot)
        await world.register("again")
        await bot.catch_up()
        worker.notice(step(2))
    assert await versions(documents) == {"7": 4}


async def test_whoever_comes_back_while_the_late_change_is_there_stays(
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    async with at_work(worker, observed):
        await come_and_go(world, bot)
        await world.register("again")
        worker.notice(step(2))
    assert await versions(documents) == {"7": 2}
    await bot.catch_up()
    assert await versions(documents) == {"7": 4}


async def test_whoever_comes_back_behind_the_question_stays(
    documents: DocumentStore,
    world: World,
    bot: DocumentFollower,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    """The worker deletes for an answer that is out of date by now."""
    await come_and_go(world, bot)
    async with at_work(worker, observed), observed.stopping(lambda: worker.notice(step(2))):
        await world.register("again")
        await bot.catch_up()
        assert await versions(documents) == {"7": 4}
    assert await versions(documents) == {"7": 4}


async def test_a_document_that_is_changed_as_soon_as_it_is_there_does_not_go_in_between(
    documents: DocumentStore,
    world: World,
    worker: DocumentFollower,
    observed: Observed,
) -> None:
    seen: list[str] = []
    async with await documents["users"].watch() as changes:
        async with at_work(worker, observed):
            await world.register()
            await world.prefer("language", "en")
            worker.notice(step(1))
        await worker.catch_up()
        while len(seen) < 2:
            seen.append((await changes.next())["operationType"])
    assert seen == ["insert", "replace"]


async def test_only_an_insertion_costs_a_question(
    documents: DocumentStore, worker: DocumentFollower, observed: Observed
) -> None:
    async with at_work(worker, observed):
        before = observed.reads
        for version in (1, 2, 3, 2):
            worker.notice(step(version))
    assert await versions(documents) == {"7": 3}
    assert observed.reads == before + 1


@pytest.mark.slow
async def test_a_document_whose_older_version_comes_and_goes_beside_it_is_not_lost(
    documents: DocumentStore, observed: Observed
) -> None:
    """It meets a late one, and when it looks again that has been taken away."""
    users = [str(number) for number in range(100)]

    async def come_and_go_late(connections: int, nth: int) -> None:
        for user in users[nth::connections]:
            first = state(user, 1).model_dump(by_alias=True)
            with suppress(DuplicateKeyError):
                older = {"_id": user, "version": {"$lte": 0}}
                await documents["users"].replace_one(older, first, upsert=True)
            await documents["users"].delete_one({"_id": user, "version": {"$lte": 1}})

    for _ in range(5):
        await documents["users"].delete_many({})
        worker = new_follower(observed, documents)
        async with at_work(worker, observed):
            for user in users:
                worker.notice(step(2, user))
            await asyncio.gather(*(come_and_go_late(4, nth) for nth in range(4)))
        assert await versions(documents) == dict.fromkeys(users, 2)
