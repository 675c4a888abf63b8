"""Whatever goes wrong, and in whatever order: each chat gets its messages in order, all of them."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bot.sender.desk import at_the_desk, texts_to
from tests.bot.sender.recorder import DROPPED, Call, Refusal, recording
from tests.storage.fixtures import fresh_copy
from tests.tiers import examples
from tests.waiting import until

CHATS = (7, 8, 9)
PASSING = [Refusal(500), DROPPED, Refusal(502)]
FOR_GOOD = [Refusal(400), Refusal(403, "Forbidden: bot was blocked by the user")]
# For each call, in the order in which they come: what goes wrong, if anything.
troubles = st.lists(st.sampled_from([None, None, None, *PASSING, *FOR_GOOD]), max_size=10)
handed_in = st.lists(st.tuples(st.sampled_from(CHATS), st.integers(1, 3)), max_size=6)


@given(handed_in=handed_in, troubles=troubles)
@settings(max_examples=examples(10))
async def test_each_chat_gets_its_messages_in_order(
    migrated_sqlite: Path,
    handed_in: list[tuple[int, int]],
    troubles: list[Refusal | None],
) -> None:
    expected: dict[int, list[str]] = {chat: [] for chat in CHATS}
    refused: set[str] = set()
    coming = iter(troubles)

    def script(call: Call) -> Refusal | None:
        trouble = next(coming, None)
        if trouble in FOR_GOOD:
            refused.add(call.text)
        return trouble

    async with fresh_copy(migrated_sqlite) as database, recording() as recorder:
        recorder.script = script
        async with at_the_desk(database, recorder, limits=None) as desk:
            for number, (chat_id, messages) in enumerate(handed_in):
                texts = [f"{number}.{n}" for n in range(messages)]
                expected[chat_id] += texts
                await desk.hand_in(chat_id, *texts)
            await until(desk.all_marked)
            states = await desk.states()
    for chat_id, texts in expected.items():
        assert list(texts_to(recorder, chat_id)) == [text for text in texts if text not in refused]
    assert states == {
        text: "refused" if text in refused else "sent"
        for texts in expected.values()
        for text in texts
    }
