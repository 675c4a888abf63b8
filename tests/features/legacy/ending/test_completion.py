"""The switch: only behind a clean verification, and nobody touches the old file from then on."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.coordinator.shop import Hands
from tests.features.legacy.ending.test_rollback import enter, folder, migrate, phase
from tests.features.legacy.old_bot import new_profile
from tests.features.legacy.side_by_side.both import Both
from tests.features.narrative.stories import SMALL_STORY
from tests.features.users.storage.world import ana
from tests.storage.meanwhile import Meanwhile
from yabot import clock
from yabot.errors import InvalidInput
from yabot.features.legacy.alone import alone_at_work
from yabot.features.legacy.ending.completion import Completing, Completion
from yabot.features.legacy.old_files.old_file import OldFileBusy, OldFileUnusable
from yabot.features.legacy.phases import Migrations
from yabot.features.legacy.snapshots.expiry import KEPT, SnapshotExpiry
from yabot.features.legacy.sources.json_file import JsonFile
from yabot.features.legacy.verifying.verifier import Subject
from yabot.features.narrative.library import Library
from yabot.features.narrative.service import Arrived, NarrativeService
from yabot.features.narrative.story import parse_story
from yabot.features.narrative.story.scene import Scene
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database
from yabot.trusted_clock import ClockDistrusted, TrustedClock

ANA = 7


async def complete(both: Both, *, verified: bool = True) -> Completion:
    services = both.house.world.services
    completing = Completing(services, Migrations(services.database, "a test"), folder(both))
    subject = Subject(JsonFile(), both.old.path, mirrored=True) if verified else None
    return await completing.run(subject, mirrored=True, on_progress=lambda *_: None, waits=())


@pytest.fixture
async def migrated(both: Both) -> Both:
    both.earns_there(ANA, 20)
    both.earns_there(ANA + 1, 30)
    await migrate(both)
    await both.comes(ANA)
    await both.earns(ANA, 100)
    return both


@pytest.mark.criterion("5.4.5")
async def test_the_last_writes_arrive_and_from_then_on_nobody_touches_the_file(
    migrated: Both,
) -> None:
    done = await complete(migrated)
    assert done.verification is not None
    assert done.verification.is_clean
    assert await phase(migrated) == "completed"
    assert migrated.there()["7"]["kisses"] == 125
    stood = migrated.old.path.read_bytes()
    await migrated.earns(ANA, 1)
    await migrated.rounds()
    assert migrated.old.path.read_bytes() == stood
    migrated.earns_there(ANA, 50)
    await migrated.rounds()
    assert await migrated.has(ANA) == 126


async def reads_on(both: Both, user_id: int) -> None:
    """The first page of the story, and a choice on it."""
    world = both.house.world
    await Library(world.services.documents).replace(parse_story(SMALL_STORY, "tale.yaml"))
    narrative = world.services[NarrativeService]
    narrative.library._checked_at = float("-inf")

    async def read(work: UnitOfWork) -> None:
        assert isinstance(await narrative.resume(work, await world.known(str(user_id))), Scene)

    async def choose(work: UnitOfWork) -> None:
        user = await world.known(str(user_id))
        assert isinstance(await narrative.choose(work, user, "gate", "enter"), Arrived)

    await both.house.decide(read)
    await both.house.decide(choose)


async def test_what_the_old_bot_has_no_field_for_is_no_difference(both: Both) -> None:
    both.earns_there(ANA, 20)
    await migrate(both)
    await both.house.world.register("start", ana(last_name="Lee", username=None))
    await reads_on(both, ANA)
    done = await complete(both)
    assert done.verification is not None
    assert [*done.verification.findings()] == []
    assert await phase(both) == "completed"
    told = both.there()["7"]
    assert told["narrative_choices"] == {"gate": "enter"}
    assert told.keys() == new_profile(ANA).keys()


async def test_not_while_the_two_sides_differ(migrated: Both) -> None:
    spoil = text("UPDATE accounts SET balance = balance + 1 WHERE user_id = '8'")
    database = migrated.house.world.services.database
    await database.write(lambda connection: connection.execute(spoil) and None)
    done = await complete(migrated)
    assert done.until is None
    assert done.verification is not None
    assert [each.user_id for each in done.verification.told] == ["8"]
    assert await phase(migrated) == "dual"


async def test_whatever_a_verification_would_find(migrated: Both) -> None:
    migrated.old.path.unlink()
    with pytest.raises((OldFileBusy, OldFileUnusable)):
        await complete(migrated)
    assert await phase(migrated) == "dual"
    done = await complete(migrated, verified=False)
    assert done.verification is None
    assert await phase(migrated) == "completed"


async def test_not_twice_and_not_before_an_import(both: Both) -> None:
    with pytest.raises(InvalidInput, match="there is no migration"):
        await complete(both)
    await migrate(both)
    await complete(both)
    with pytest.raises(InvalidInput, match="complete already"):
        await complete(both)


async def test_the_snapshot_goes_thirty_days_later(migrated: Both) -> None:
    expiry = SnapshotExpiry(migrated.dual.migrations, folder(migrated), TrustedClock())
    later = KEPT + timedelta(hours=1)
    try:
        clock.set_ahead(later)
        await expiry.look()
        assert (folder(migrated) / "snapshot.db").exists()
        await enter(migrated, "completed")
        await expiry.look()
        assert (folder(migrated) / "snapshot.db").exists()
        clock.set_ahead(2 * later)
        await expiry.look()
        assert not folder(migrated).exists()
    finally:
        clock.set_ahead(timedelta())


@pytest.mark.parametrize("reads", range(2))
async def test_the_snapshot_goes_from_under_no_command(
    migrated: Both, database: Database, reads: int
) -> None:
    """Which goes back to the old bot at the last moment: it is refused, or finds its snapshot."""
    meanwhile = Meanwhile(database)
    expiry = SnapshotExpiry(Migrations(meanwhile), folder(migrated), TrustedClock())

    async def go_back() -> None:
        with suppress(InvalidInput), alone_at_work(folder(migrated)):
            await enter(migrated, "rolling_back")

    try:
        await enter(migrated, "completed")
        clock.set_ahead(KEPT + timedelta(hours=1))
        with alone_at_work(folder(migrated)):
            await expiry.look()
        assert (folder(migrated) / "snapshot.db").exists()
        meanwhile.arm(go_back, passing_over=reads)
        await expiry.look()
    finally:
        clock.set_ahead(timedelta())
    assert meanwhile.has_happened
    is_going_back = await phase(migrated) == "rolling_back"
    assert (folder(migrated) / "snapshot.db").exists() == is_going_back


async def test_the_snapshot_stays_while_the_clock_has_jumped(migrated: Both) -> None:
    """Nobody could go back without it."""
    await enter(migrated, "completed")
    hands = Hands()
    expiry = SnapshotExpiry(migrated.dual.migrations, folder(migrated), hands.clock())
    hands.set_by = 2 * KEPT
    with pytest.raises(ClockDistrusted):
        await expiry.look()
    assert (folder(migrated) / "snapshot.db").exists()
