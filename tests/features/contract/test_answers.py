"""What a command or a button in /menu answers can be shown, whoever asks; and the button rests."""

from collections.abc import Iterator, Sequence

import pytest

from tests.complaints import complain
from tests.features.harness import Harness, HarnessReader
from tests.features.hearing import said_in, says
from yabot.app.features import FEATURES
from yabot.feature import Feature
from yabot.log.unit_of_work import Message
from yabot.storage.documents.store import DocumentStore

# Telegram refuses it as HTML.
NAME = "<i>Ana & Co"


@pytest.fixture
def unreachable(documents: DocumentStore) -> DocumentStore:
    """With MongoDB: stories and items are read."""
    return documents


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
async def test_a_reader_s_name_is_no_html(harness: Harness, feature: Feature) -> None:
    await harness.prepare()
    ana = await harness.join(NAME)
    # What is said for the second time may be something else.
    for _ in range(2):
        for deed in (*(f"/{command}" for command in feature.commands), *feature.menu):
            complain(_unescaped(feature, deed, await _answers(ana, deed)))


async def _answers(reader: HarnessReader, deed: str) -> Sequence[Message]:
    return await (reader.send(deed) if deed.startswith("/") else reader.touch(deed))


def _unescaped(feature: Feature, deed: str, answers: Sequence[Message]) -> Iterator[str]:
    for answer in answers:
        if says(answer.payload) and NAME in said_in(answer.payload).text:
            yield (
                f"{feature.name}: the answer to {deed} has a reader's name in it as if it were "
                "HTML: put it into a text, t(…, name=…), which escapes it"
            )


@pytest.mark.parametrize(
    ("feature", "button"), [(each.name, button) for each in FEATURES for button in each.menu]
)
async def test_a_pressed_button_rests(harness: Harness, feature: str, button: str) -> None:
    await harness.prepare()
    answers = await (await harness.join()).touch(button)
    if "answerCallbackQuery" not in [each.method for each in answers]:
        complain(
            [
                f"{feature}: the button {button} goes on turning: say turn.acknowledge() in its "
                "handler"
            ]
        )
