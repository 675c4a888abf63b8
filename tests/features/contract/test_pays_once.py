"""What pays a reader once pays once also when they have been forgotten meanwhile."""

from collections.abc import Iterator

import pytest

from tests.complaints import complain
from tests.e2e.route import STORY
from tests.features.harness import Harness, HarnessReader
from yabot.app.features import FEATURES
from yabot.events.envelope import EventPayload
from yabot.feature import Feature
from yabot.features.besitos.events import BesitosAwarded
from yabot.features.narrative.events import ReactionDetected
from yabot.storage.documents.store import DocumentStore

Deed = str | EventPayload


def deeds(feature: Feature) -> list[Deed]:
    """Its commands, its buttons in /menu; and, where it subscribes to anything, what may pay."""
    asked = [f"/{command}" for command in feature.commands if command != "forget"]
    return [*asked, *feature.menu, *(reactions() if feature.subscribers else ())]


def reactions() -> Iterator[EventPayload]:
    """One that the story pays for."""
    for fragment in STORY.fragments.values():
        for emoji in fragment.metadata.reactions:
            yield ReactionDetected(content_id=fragment.fragment_id, reaction_type=emoji)
            return


ALL = [(feature.name, deed) for feature in FEATURES for deed in deeds(feature)]


@pytest.fixture
def unreachable(documents: DocumentStore) -> DocumentStore:
    """With MongoDB: stories and items are read."""
    return documents


async def do(harness: Harness, reader: HarnessReader, deed: Deed) -> None:
    if isinstance(deed, EventPayload):
        await harness.publish(deed, reader.user_id)
    elif deed.startswith("/"):
        await reader.say(deed)
    else:
        await reader.press(deed)
    await harness.deliver()


async def paid(reader: HarnessReader) -> int:
    """By the program, not by other readers."""
    awarded = await reader.events(BesitosAwarded)
    return sum(each["amount"] for each in awarded if each["source"] != "gift")


@pytest.mark.parametrize(("feature", "deed"), ALL, ids=lambda each: str(each)[:40])
async def test_to_be_forgotten_pays_nothing(harness: Harness, feature: str, deed: Deed) -> None:
    for each in FEATURES:
        if each.prepare is not None:
            await each.prepare(harness.services)
    twice, again = await harness.join(), await harness.join()
    for _ in range(2):
        await do(harness, twice, deed)
    await do(harness, again, deed)
    await again.forget()
    await again.say("/start")
    await do(harness, again, deed)
    due, got = await paid(twice), await paid(again)
    if got > due:
        complain(
            [
                f"{feature}: {_shown(deed)} paid again after /forget, {got} besitos and not "
                f"{due}: make the key of what it is for, such as the reader and the day"
            ]
        )
    if isinstance(deed, ReactionDetected):
        assert due > 0


def _shown(deed: Deed) -> str:
    if isinstance(deed, EventPayload):
        return deed.event_type
    return deed if deed.startswith("/") else f"the button {deed}"
