"""Where readers stood in the old story, which this one may not have yet."""

import pytest

from tests.features.harness import Harness
from tests.features.legacy.house import ANA, BEA, House, house_of, old_user
from tests.features.narrative.stories import SMALL_STORY
from yabot.features.legacy.merging.rules import differing
from yabot.features.narrative.library import Library
from yabot.features.narrative.service import Arrived, NarrativeService
from yabot.features.narrative.story import Story, parse_story
from yabot.features.narrative.story.scene import Scene
from yabot.log.unit_of_work import UnitOfWork
from yabot.storage.documents.store import DocumentStore

SALON = """\
  cap2_salon:
    title: {es: El salón, en: The salon}
    content: {es: Velas., en: Candles.}
    choices:
      - {id: out, text: {es: Salir, en: Leave}, next: gate}
"""
TALE = parse_story(SMALL_STORY, "tale.yaml")
WITH_SALON = parse_story(
    SMALL_STORY.replace("  garden:\n", SALON + "  garden:\n").replace(
        "      - {id: back,",
        "      - {id: salon, text: {es: Al salón, en: To the salon}, next: cap2_salon}\n"
        "      - {id: back,",
    ),
    "tale.yaml",
)
MOVED = parse_story(
    SMALL_STORY.replace("moved: {old_gate: gate}", "moved: {old_gate: gate, cap2_salon: hall}"),
    "tale.yaml",
)


@pytest.fixture
async def house(working: Harness, documents: DocumentStore) -> House:
    await Library(documents).replace(TALE)
    house = house_of(working.services)
    await house.merge(old_user(ANA, fragment="cap2_salon"), old_user(BEA, fragment="capítulo 2"))
    return house


class Reading:
    def __init__(self, house: House) -> None:
        self._house = house
        self._narrative = house.world.services[NarrativeService]

    async def publish(self, story: Story) -> None:
        """As `yabot story import` does."""
        library = Library(self._house.world.services.documents)
        assert await library.replace(story) == 0
        self._narrative.library._checked_at = float("-inf")

    async def open(self, user_id: str = ANA) -> str:
        """/story: the fragment that is shown."""
        shown: list[str] = []

        async def resume(work: UnitOfWork) -> None:
            scene = await self._narrative.resume(work, await self._house.world.known(user_id))
            assert isinstance(scene, Scene)
            shown.append(scene.fragment.fragment_id)

        await self._house.decide(resume)
        return shown[-1]

    async def choose(self, fragment: str, choice: str) -> str:
        arrived: list[str] = []

        async def step(work: UnitOfWork) -> None:
            user = await self._house.world.known(ANA)
            found = await self._narrative.choose(work, user, fragment, choice)
            assert isinstance(found, Arrived)
            arrived.append(found.scene.fragment.fragment_id)

        await self._house.decide(step)
        return arrived[-1]


@pytest.fixture
def reading(house: House) -> Reading:
    return Reading(house)


async def test_a_place_that_is_not_told_yet_waits_until_it_is(
    house: House, reading: Reading
) -> None:
    assert await reading.open() == "gate"
    assert (await house.ours()).fragment == "cap2_salon"
    await reading.publish(WITH_SALON)
    assert await reading.open() == "cap2_salon"


async def test_a_place_that_was_moved_is_followed(house: House, reading: Reading) -> None:
    assert await reading.open() == "gate"
    await reading.publish(MOVED)
    assert await reading.open() == "hall"
    assert (await house.progress()).current_fragment == "hall"


async def test_who_has_walked_on_meanwhile_stays_there(house: House, reading: Reading) -> None:
    assert await reading.open() == "gate"
    assert await reading.choose("gate", "enter") == "hall"
    await reading.publish(WITH_SALON)
    assert await reading.open() == "hall"
    # Nor do they go back when the old bot tells the same once more.
    await house.merge(old_user(ANA, fragment="cap2_salon", kisses=1))
    assert (await house.progress()).current_fragment == "hall"


async def test_a_place_that_no_story_can_have_is_kept_beside(
    house: House, reading: Reading
) -> None:
    assert (await house.progress(BEA)).current_fragment is None
    assert (await house.kept(BEA)).fragment == "capítulo 2"
    there = old_user(BEA, fragment="capítulo 2")
    assert differing(await house.ours(BEA), there) == ()
    assert await reading.open(BEA) == "gate"
    assert (await house.ours(BEA)).fragment == "gate"
