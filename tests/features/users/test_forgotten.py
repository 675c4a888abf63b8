"""Whoever has asked to be forgotten stays so, also behind the restore of a backup."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.features.users.storage.world import World, ana, new_world, told_of
from tests.storage.fixtures import mongodb_away
from tests.storage.meanwhile import Meanwhile
from tests.waiting import wait_until
from yabot.clock import set_ahead, utc_now
from yabot.errors import ConfigurationError
from yabot.features.users import forgotten as forgotten_module
from yabot.features.users.forgotten import FILE_NAME, ForgottenList
from yabot.features.users.repeating import RepeatedDeletions
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.relational.database import Database

ID = "7"
OTHER = "8"
LOOPS = ("forgotten", "gift notices", "streams")


@pytest.fixture
async def world(sqlite_database: Database) -> AsyncIterator[World]:
    async with mongodb_away() as store:
        made = new_world(sqlite_database, store)
        await made.register("ana")
        await made.register("berta", ana(username="berta").model_copy(update={"id": int(OTHER)}))
        yield made


async def repeat(world: World, forgotten: ForgottenList) -> None:
    await RepeatedDeletions(world.services.commits, world.users, forgotten).repeat()


async def note(world: World, forgotten: ForgottenList, user_id: str = ID) -> None:
    user = await world.known(user_id)
    await forgotten.note(user_id, user.profile.registration_date)


async def test_who_is_in_a_restored_database_is_deleted_again(world: World, tmp_path: Path) -> None:
    """A backup of before the deletion is back, the list is not of it."""
    forgotten = ForgottenList(tmp_path)
    await note(world, forgotten)
    await repeat(world, forgotten)
    assert await world.users.find(ID) is None
    assert await world.users.find(OTHER) is not None
    assert (await told_of(world.services.database))[-1] == "user_deleted"
    await repeat(world, forgotten)
    assert (await told_of(world.services.database)).count("user_deleted") == 1


async def test_who_has_come_back_since_stays(world: World, tmp_path: Path) -> None:
    forgotten = ForgottenList(tmp_path)
    await note(world, forgotten)
    await world.delete()
    await world.register("again")
    await repeat(world, forgotten)
    assert await world.users.find(ID) is not None


async def test_who_is_noted_no_more_when_their_turn_comes_stays(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """A service's deletion is noted, refused and taken back while the list is gone through."""
    forgotten, meanwhile = ForgottenList(tmp_path), Meanwhile(sqlite_database)
    async with mongodb_away() as store:
        world = new_world(meanwhile, store)
        user = await world.register()
        await note(world, forgotten)

        async def take_back() -> None:
            await forgotten.take_back(ID, user.profile.registration_date)

        meanwhile.arm(take_back)
        await repeat(world, forgotten)
        assert meanwhile.has_happened
        assert await world.users.find(ID) is not None


async def test_a_list_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    told = f"YABOT_DATA_DIR: {tmp_path / FILE_NAME} cannot be read: Is a directory; make it a file"
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        await ForgottenList(tmp_path).read()


async def test_a_list_that_cannot_be_looked_for_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: File name too long"):
        await ForgottenList(tmp_path / ("x" * 300)).read()


async def test_a_list_that_has_lost_its_salt_is_told_and_gets_no_other(
    world: World, tmp_path: Path
) -> None:
    """By another all that were noted before would be found no more, also once it is mended."""
    forgotten, file = ForgottenList(tmp_path), tmp_path / FILE_NAME
    await note(world, forgotten)
    whole = file.read_bytes()
    damaged = b"salt \xff" + whole[6:]
    file.write_bytes(damaged)
    told = f"the line 'salt' of {file} is damaged or gone, without which nobody is found in it: put"
    with pytest.raises(ConfigurationError, match=re.escape(told)):
        await repeat(world, forgotten)
    # Whoever goes now is not kept waiting.
    await note(world, forgotten, OTHER)
    assert file.read_bytes() == damaged
    file.write_bytes(whole)
    await repeat(world, forgotten)
    assert await world.users.find(ID) is None


async def test_a_salt_that_a_crash_cut_short_before_anybody_was_noted_is_made_anew(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / FILE_NAME).write_text("salt 0")
    forgotten = ForgottenList(tmp_path)
    await note(world, forgotten)
    await repeat(world, forgotten)
    assert await world.users.find(ID) is None


async def test_what_a_disk_has_damaged_is_passed_over(world: World, tmp_path: Path) -> None:
    forgotten = ForgottenList(tmp_path)
    await note(world, forgotten)
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b"\xff\x00 damaged\n")
    await note(world, forgotten, OTHER)
    assert len((await forgotten.read()).registered) == 2


async def test_what_is_noted_is_not_of_a_clock_that_may_be_ahead(
    world: World, tmp_path: Path
) -> None:
    """Set right, it would give whoever comes back a day before that."""
    registered = (await world.known()).profile.registration_date
    forgotten = world.users.forgotten = ForgottenList(tmp_path)

    async def forget(work: UnitOfWork) -> None:
        await world.users.forget(work, await world.known(), "requested_by_user")

    await world.decide("forget", forget)
    known = await forgotten.read()
    assert known.has(ID, registered)
    assert not known.has(ID, registered + timedelta(microseconds=1))


async def test_who_had_registered_on_a_day_to_come_stays_when_they_come_back(
    world: World, tmp_path: Path
) -> None:
    """An old bot's store has said so, or a clock that has been set right since."""
    forgotten = world.users.forgotten = ForgottenList(tmp_path)

    async def forget(work: UnitOfWork) -> None:
        user = await world.known()
        to_come = utc_now() + timedelta(days=400)
        user.profile = user.profile.model_copy(update={"registration_date": to_come})
        await world.users.forget(work, user, "requested_by_user")

    await world.decide("forget", forget)
    await world.register("again")
    await repeat(world, forgotten)
    assert await world.users.find(ID) is not None


async def test_who_was_there_while_the_clock_was_ahead_stays_when_they_come_back(
    world: World, tmp_path: Path
) -> None:
    """It has been set right since."""
    forgotten = world.users.forgotten = ForgottenList(tmp_path)

    async def forget(work: UnitOfWork) -> None:
        await world.users.forget(work, await world.known("9"), "requested_by_user")

    theirs = ana(username="clara").model_copy(update={"id": 9})
    set_ahead(timedelta(days=400))
    try:
        await world.register("clara", theirs)
        await world.decide("forget", forget)
    finally:
        set_ahead(timedelta())
    await world.register("again", theirs)
    await repeat(world, forgotten)
    assert await world.users.find("9") is not None


async def test_the_list_names_nobody_and_is_the_owners_alone(tmp_path: Path) -> None:
    forgotten = ForgottenList(tmp_path)
    for user_id in ("123456789", "987654321"):
        await forgotten.note(user_id, utc_now())
    file = tmp_path / FILE_NAME
    assert file.stat().st_mode & 0o777 == 0o600
    text = file.read_text()
    assert "123456789" not in text
    assert len((await forgotten.read()).registered) == 2


@pytest.mark.parametrize("end", ["", "\n"])
async def test_a_line_that_a_crash_cut_short_harms_no_other(
    world: World, tmp_path: Path, end: str
) -> None:
    forgotten = ForgottenList(tmp_path)
    await note(world, forgotten)
    with (tmp_path / FILE_NAME).open("a") as file:
        file.write(f"0123456789abcdef 2026-11-{end}")
    await note(world, forgotten, OTHER)
    await repeat(world, forgotten)
    assert await world.users.find(ID) is await world.users.find(OTHER) is None


async def test_who_go_at_once_are_all_remembered(tmp_path: Path) -> None:
    forgotten, now = ForgottenList(tmp_path), utc_now()
    gone = [str(user_id) for user_id in range(20)]
    await asyncio.gather(*(forgotten.note(user_id, now) for user_id in gone))
    known = await forgotten.read()
    assert all(known.has(user_id, now) for user_id in gone)


async def test_what_is_taken_back_is_one_note(tmp_path: Path) -> None:
    """Another deletion has noted the same, and was made."""
    forgotten, registered = ForgottenList(tmp_path), utc_now()
    for _ in range(2):
        await forgotten.note(ID, registered)
    await forgotten.take_back(ID, registered)
    assert (await forgotten.read()).has(ID, registered)
    await forgotten.take_back(ID, registered)
    assert not (await forgotten.read()).registered


async def test_who_goes_and_comes_again_and_again_does_not_lengthen_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgotten_module, "MOST_LINES", 10)
    forgotten, first = ForgottenList(tmp_path), utc_now()
    await forgotten.note(OTHER, first)
    for day in range(100):
        last = first + timedelta(days=day)
        await forgotten.note(ID, last)
    file = tmp_path / FILE_NAME
    assert len(file.read_text().splitlines()) < 20
    assert file.stat().st_mode & 0o777 == 0o600
    known = await forgotten.read()
    assert known.has(OTHER, first)
    assert known.has(ID, first)
    assert known.has(ID, last)
    # What was noted last may be taken back: what was before it is still there.
    await forgotten.take_back(ID, last)
    known = await forgotten.read()
    assert not known.has(ID, last)
    assert known.has(ID, last - timedelta(days=1))


async def test_a_disk_that_cannot_be_written_keeps_nobody_from_going(tmp_path: Path) -> None:
    await ForgottenList(tmp_path / "missing").note(ID, utc_now())


async def test_the_program_notes_who_goes_and_looks_for_who_came_back(playing: Program) -> None:
    async with readers(playing.url, "Nuria") as (reader,):
        await reader.ask("/start")
        await reader.ask("/forget")
        await reader.press("forget:yes")
    forgotten = await ForgottenList(playing.stores.sqlite.parent).read()
    assert forgotten.has(str(reader.user_id), utc_now() - timedelta(minutes=1))

    def are_well() -> bool:
        components = playing.health("ready")[1]["components"]
        return {components[loop]["status"] for loop in LOOPS} == {"ok"}

    wait_until(are_well)
