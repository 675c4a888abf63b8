"""A user who wants to be forgotten is, everywhere; only numbers stay."""

import json
from datetime import UTC, datetime

import pytest
from aiogram.types import Chat, Message, Update
from sqlalchemy import Connection, insert

from tests.features.users.storage.world import World, ana, new_world, told_of
from tests.log.faults import failing_commit
from tests.log.following import nothing_waits, versions
from tests.storage.dumps import dump, events_of, rows_of
from tests.waiting import until
from yabot.bot.incoming import Incoming
from yabot.bot.intake import Intake
from yabot.bot.tables import updates
from yabot.bot.waiting import WaitingUpdates
from yabot.clock import utc_now
from yabot.errors import GuardFailed, StoreUnavailable
from yabot.features.subscriptions.tables import subscriptions
from yabot.features.users.tables import user_profiles
from yabot.log.document_follower import DocumentFollower
from yabot.log.tables import doc_changes, outgoing, user_counters
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.log.unit_of_work import Message as Outgoing
from yabot.storage.documents.store import DocumentStore
from yabot.storage.relational.database import Database

SECRET = "my cat is called Misu"


def written(update_id: int) -> Incoming:
    message = Message(
        message_id=1,
        date=datetime(2026, 11, 2, tzinfo=UTC),
        chat=Chat(id=7, type="private"),
        from_user=ana(),
        text=SECRET,
    )
    return Incoming.of(Update(update_id=update_id, message=message), 4)


def subscribe(connection: Connection) -> None:
    now = utc_now()
    row = {"user_id": "7", "plan_type": "vip", "status": "active", "start_date": now}
    connection.execute(insert(subscriptions), {**row, "created_at": now, "updated_at": now})


async def answer(world: World, cause_id: str) -> None:
    async def say(work: UnitOfWork) -> None:
        work.send(Outgoing(7, "sendMessage", json.dumps({"text": SECRET})))

    await world.decide(cause_id, say)


@pytest.mark.criterion("1.3.5")
async def test_the_user_goes_from_both_databases_and_the_bus_hears_it(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await world.register("other", ana(first_name="Berta").model_copy(update={"id": 8}))
    await database.write(subscribe)
    await until(nothing_waits(database))
    await world.delete()
    await until(nothing_waits(database))
    assert await versions(documents) == {"8": 1}
    assert [row["user_id"] for row in await rows_of(database, user_profiles)] == ["8"]
    assert await rows_of(database, subscriptions) == []
    assert await world.users.get("7") is None
    last = json.loads((await events_of(database, "7"))[-1]["envelope"])
    assert last["event_type"] == "user_deleted"
    assert last["payload"] == {"deletion_reason": "requested_by_user"}


@pytest.mark.criterion("1.3.5")
async def test_nothing_that_the_user_wrote_or_was_told_stays(
    database: Database, world: World
) -> None:
    await world.register()
    intake = Intake(database, bot_id=1, partitions=4)
    await intake.store([written(1), written(2)])
    for update_id in (1, 2):
        await database.write(intake.finished(update_id, "done"))
    await answer(world, "answer")
    before = json.dumps(await dump(database), default=str)
    assert SECRET in before
    assert "Ana" in before
    await world.delete()
    after = json.dumps(await dump(database), default=str)
    assert SECRET not in after
    assert "Ana" not in after
    assert "ana" not in after
    assert [row["state"] for row in await rows_of(database, updates)] == ["erased"] * 2
    assert [row["payload"] for row in await rows_of(database, outgoing)] == ["{}"]


async def test_what_the_user_wrote_since_still_gets_its_answer(
    database: Database, world: World
) -> None:
    await world.register()
    intake = Intake(database, bot_id=1, partitions=4)
    await intake.store([written(1), written(2)])
    await database.write(intake.finished(1, "done"))
    await world.delete()
    assert [row["state"] for row in await rows_of(database, updates)] == ["erased", "waiting"]
    found = await WaitingUpdates(intake).find(range(4), known=())
    assert [each.incoming.update_id for each in found] == [2]


async def test_numbers_stay_so_that_the_one_who_comes_back_goes_on_counting(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    await world.prefer("language", "en")
    await world.delete()
    counter = (await rows_of(database, user_counters))[0]
    assert (counter["state_version"], counter["sequence"]) == (3, 3)
    await world.register("again")
    found = await world.users.get("7")
    assert found is not None
    assert found[1].version == 4
    assert found[1].preferences.language is None
    await until(nothing_waits(database))
    assert await versions(documents) == {"7": 4}
    assert await told_of(database) == [
        "user_registered",
        "user_updated",
        "user_deleted",
        "user_registered",
    ]


async def test_documents_that_still_wait_do_not_outlive_the_user(
    database: Database, documents: DocumentStore, world: World
) -> None:
    await world.register()
    await world.prefer("language", "en")
    await world.delete()
    waiting = await rows_of(database, doc_changes)
    assert [(row["from_version"], row["document"]) for row in waiting] == [(2, None)]


@pytest.mark.criterion("1.3.5")
async def test_a_deletion_that_fails_leaves_the_user_whole(
    database: Database, world: World
) -> None:
    await world.register()
    await database.write(subscribe)
    before = await dump(database)
    with failing_commit(database.engine), pytest.raises(StoreUnavailable):
        await world.delete()
    assert await dump(database) == before
    assert await world.users.get("7") is not None


async def test_of_two_deletions_one_is_told_that_it_comes_too_late(
    database: Database, documents: DocumentStore, world: World
) -> None:
    await world.register()
    user = await new_world(database, documents).known()
    await world.delete()
    late = UnitOfWork(Cause("test", "late", "late"))
    world.users.delete(late, user, "requested_by_user")
    with pytest.raises(GuardFailed):
        await world.services.commits.commit(late)
    assert await told_of(database) == ["user_registered", "user_deleted"]


async def test_a_change_decided_before_the_deletion_comes_too_late(
    database: Database, documents: DocumentStore, world: World, follower: DocumentFollower
) -> None:
    await world.register()
    user = await world.known()
    await world.users.state(user)
    await world.delete()
    late = UnitOfWork(Cause("test", "late", "late"))
    world.users.update_preferences(late, user, {"language": "en"})
    with pytest.raises(GuardFailed):
        await world.services.commits.commit(late)
    await until(nothing_waits(database))
    assert await versions(documents) == {}
