"""What is imported says nothing to anybody, and gives subscribers nothing to do."""

from datetime import timedelta

import pytest

from tests.features.harness import Harness
from tests.features.legacy.house import ANA, BEA, House, house_of, old_user
from tests.features.rewards.house import STORY
from tests.storage.dumps import rows_of
from yabot.clock import utc_now
from yabot.events.envelope import Envelope
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.narrative.library import Library
from yabot.features.narrative.service import NarrativeService
from yabot.features.rewards.hints import HintRewards
from yabot.features.users.notices import Notices
from yabot.log.tables import outbox, outgoing, receipts
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.storage.documents.store import DocumentStore
from yabot.subscriber import Event


@pytest.fixture
async def house(working: Harness, documents: DocumentStore) -> House:
    """Where readers see a story whose hints cost 4 and 9 besitos."""
    await Library(documents).replace(STORY)
    return house_of(working.services)


@pytest.mark.criterion("5.4.2")
async def test_nobody_hears_of_an_import(working: Harness, house: House) -> None:
    soon = utc_now().replace(microsecond=0) + timedelta(days=1)
    await house.merge(
        old_user(ANA, kisses=400, role="vip", vip_until=soon, inventory=("rosa",)),
        old_user(BEA, kisses=5, role="premium"),
    )
    await house.merge(old_user(BEA, kisses=9, role="premium"))
    await working.deliver()
    assert (await house.progress(ANA)).hints_unlocked == ("spark", "blaze")
    assert (await house.progress(BEA)).hints_unlocked == ("spark", "blaze")
    assert await rows_of(working.services.database, outgoing) == []
    assert await house.audits() == []
    # What they earn here is told as ever.
    await house.merge(old_user("9"))
    await house.award("9", 4)
    await working.deliver()
    (told,) = await rows_of(working.services.database, outgoing)
    assert told["chat_id"] == 9


async def test_when_the_time_has_come_they_hear_of_its_end(working: Harness, house: House) -> None:
    soon = utc_now().replace(microsecond=0) + timedelta(days=30)
    await house.merge(old_user(role="vip", vip_until=soon))
    await working.deliver()
    assert await rows_of(working.services.database, outgoing) == []
    (workflow,) = await house.deadlines()
    assert workflow == soon - timedelta(days=3)


async def test_the_rewards_read_nothing_for_what_was_imported(
    working: Harness, house: House
) -> None:
    await house.merge(old_user(kisses=400))
    await working.deliver()
    handled = [row["consumer"] for row in await rows_of(working.services.database, receipts)]
    assert "rewards.hints" not in handled
    (row,) = [
        each
        for each in await rows_of(working.services.database, outbox)
        if each["event_type"] == "besitos_awarded"
    ]
    envelope = Envelope.model_validate_json(row["envelope"])
    event = Event(envelope, BesitosAwarded.model_validate(envelope.payload))
    notices = Notices(house.world.users, working.services.texts)
    narrative = working.services[NarrativeService]
    rewards = HintRewards(house.world.users, house.besitos, narrative, notices)
    await working.services.database.close()
    work = UnitOfWork(Cause("test", "hints", "hints"))
    await rewards.unlock(event, work)
    assert not work.changes_anything
