"""Who has earned enough gets the hint: once, with a word about it, wherever they stand."""

import pytest

from tests.features.rewards.house import House
from tests.storage.dumps import rows_of
from yabot.bus.tables import dead_letters
from yabot.errors import GuardFailed
from yabot.features.narrative.service import Arrived
from yabot.features.narrative.story.scene import Scene
from yabot.log.unit_of_work import Cause, UnitOfWork

ANA, BEA = "7", "8"


async def begin(house: House, user_id: str) -> Scene:
    """The reader opens the story where they stand."""
    scenes: list[Scene] = []

    async def resume(work: UnitOfWork) -> None:
        found = await house.world.narrative.resume(work, await house.world.known(user_id))
        assert isinstance(found, Scene)
        scenes.append(found)

    await house.world.decide(f"story {user_id} {len(await house.events(user_id))}", resume)
    return scenes[-1]


async def walk(house: House, user_id: str, fragment_id: str, choice_id: str) -> object:
    answers: list[object] = []

    async def choose(work: UnitOfWork) -> None:
        user = await house.world.known(user_id)
        answers.append(await house.world.narrative.choose(work, user, fragment_id, choice_id))

    await house.world.decide(f"{choice_id} {user_id} {len(await house.events(user_id))}", choose)
    return answers[-1]


@pytest.mark.criterion("3.2.3")
async def test_with_enough_besitos_a_hint_unlocks_and_opens_its_choice(house: House) -> None:
    await house.join(ANA)
    await begin(house, ANA)
    await walk(house, ANA, "porch", "enter")
    assert await walk(house, ANA, "hall", "light") == "changed"
    await house.react(ANA, "porch", "❤")
    await house.work()
    assert await house.hints(ANA) == []

    await house.react(ANA, "hall", "👏")
    await house.work()
    assert await house.hints(ANA) == ["spark"]
    *_, detected, awarded, unlocked = await house.events(ANA)
    assert unlocked.event_type == "narrative_hint_unlocked"
    assert unlocked.payload == {"hint_id": "spark", "fragment_id": "hall"}
    assert unlocked.causation_id == awarded.event_id
    assert unlocked.correlation_id == awarded.correlation_id == detected.correlation_id
    assert [choice.id for choice in (await begin(house, ANA)).choices] == ["stay", "light"]
    assert isinstance(await walk(house, ANA, "hall", "light"), Arrived)


@pytest.mark.parametrize(
    ("language", "words", "title", "text", "button"),
    [
        ("es", "Con los besitos que has ganado", "La chispa", "Salta.", "Seguir leyendo"),
        ("en", "The besitos you have earned", "The spark", "It jumps.", "Read on"),
    ],
)
async def test_the_reader_is_told_in_their_language(
    house: House, language: str, words: str, title: str, text: str, button: str
) -> None:
    await house.join(ANA, language)
    await house.award(ANA, 4)
    await house.work()
    (told,) = await house.said(ANA)
    assert told.text.startswith(f"🗝 {words}")
    assert f"<b>{title}</b>\n\n{text}" in told.text
    shown, (_, off) = told.buttons
    assert shown == (button, "story")
    assert off == "notices:off"


async def test_a_chosen_language_goes_before_telegrams(house: House) -> None:
    await house.join(ANA, "es")
    await house.world.prefer("choose", "en", ANA)
    await house.award(ANA, 4)
    await house.work()
    (told,) = await house.said(ANA)
    assert "<b>The spark</b>" in told.text


async def test_one_award_may_unlock_several(house: House) -> None:
    await house.join(ANA)
    await house.award(ANA, 9)
    await house.work()
    assert await house.hints(ANA) == ["spark", "blaze"]
    assert await house.told(ANA) == ["besitos_awarded", *["narrative_hint_unlocked"] * 2]
    assert len(await house.said(ANA)) == 2


async def test_what_was_spent_has_been_earned_and_a_gift_has_not(house: House) -> None:
    for reader in (ANA, BEA):
        await house.join(reader)
    await house.award(ANA, 3)

    async def give(work: UnitOfWork) -> None:
        await house.besitos.transfer(work, ANA, BEA, 3, key="gift:1")

    await house.world.decide("gift", give)
    await house.award(ANA, 1)
    await house.award(BEA, 1)
    await house.work()
    assert (await house.hints(ANA), await house.hints(BEA)) == (["spark"], [])


async def test_who_has_blocked_the_bot_or_wants_no_notices_gets_the_hint_alone(
    house: House,
) -> None:
    for reader in (ANA, BEA):
        await house.join(reader)

    async def hush(work: UnitOfWork) -> None:
        users = house.world.users
        quiet = await house.world.known(BEA)
        await users.state(quiet)
        users.update_preferences(work, quiet, {"notifications_enabled": False})
        await users.deactivate(work, ANA)

    await house.world.decide("hush", hush)
    for reader in (ANA, BEA):
        await house.award(reader, 4)
    await house.work()
    assert [await house.hints(reader) for reader in (ANA, BEA)] == [["spark"], ["spark"]]
    assert await house.said(ANA) == await house.said(BEA) == []


async def test_who_has_left_gets_nothing_and_begins_anew(house: House) -> None:
    await house.join(ANA)
    await house.award(ANA, 4)
    await house.leave(ANA)
    await house.work()
    assert await rows_of(house.database, dead_letters) == []
    await house.join(ANA)
    await house.award(ANA, 3)
    await house.work()
    assert await house.hints(ANA) == []
    await house.award(ANA, 1)
    await house.work()
    assert await house.hints(ANA) == ["spark"]


async def test_what_the_reader_does_meanwhile_is_not_lost(house: House) -> None:
    """The hint is decided on one state, and the reader has gone on before it is committed."""
    await house.join(ANA)
    await begin(house, ANA)
    narrative = house.world.narrative
    work = UnitOfWork(Cause("test", "hint", "hint"))
    await narrative.unlock_hint(work, await house.world.known(ANA), "spark")
    await walk(house, ANA, "porch", "enter")

    async def decide(again: UnitOfWork) -> None:
        await narrative.unlock_hint(again, await house.world.known(ANA), "spark")

    with pytest.raises(GuardFailed):
        await house.world.services.commits.commit(work)
    await house.world.decide("hint", decide)
    assert await house.hints(ANA) == ["spark"]
    assert (await begin(house, ANA)).fragment.fragment_id == "hall"
