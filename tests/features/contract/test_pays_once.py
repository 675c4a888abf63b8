"""What pays readers pays each of them, and once also when they have been forgotten meanwhile."""

import pytest

from tests.complaints import complain
from tests.features.contract.happenings import reactions
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
    await harness.prepare()
    twice, again = await harness.join(), await harness.join()
    for reader in (twice, again):
        await do(harness, reader, deed)
    if await paid(twice) > 0 and await paid(again) == 0:
        complain(
            [
                f"{feature}: {_shown(deed)} paid one reader and not the next one, for one key pays "
                "once: put into it whom it pays"
            ]
        )
    await do(harness, twice, deed)
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
