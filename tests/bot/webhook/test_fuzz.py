"""Whatever is sent with the right secret: no 5xx, and what is stored is readable or told apart."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bot.webhook.listener import listening, message
from tests.storage.fixtures import fresh_copy
from tests.tiers import examples
from yabot.bot.intake import Intake
from yabot.bot.waiting import WaitingUpdates

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FIELDS = ["message_id", "date", "chat", "from", "text", "entities", "reply_markup", "location"]


@st.composite
def spoilt_updates(draw: st.DrawFn) -> bytes:
    """An update with some of its parts replaced by anything at all."""
    update: dict[str, Any] = message(draw(st.integers(1, 50)))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        update["message"][name] = draw(json_values)
    if draw(st.booleans()):
        update[draw(st.sampled_from(["update_id", "message", "callback_query", "new"]))] = draw(
            json_values
        )
    return json.dumps(update).encode()


bodies = st.lists(
    st.one_of(
        st.binary(max_size=200), json_values.map(json.dumps).map(str.encode), spoilt_updates()
    ),
    min_size=5,
    max_size=20,
)


@pytest.mark.criterion("5.4.1")
@given(sent=bodies)
@settings(max_examples=examples(25))
async def test_anything_at_all(migrated_sqlite: Path, sent: list[bytes]) -> None:
    accepted = 0
    async with fresh_copy(migrated_sqlite) as database, listening(database) as listener:
        for body in sent:
            known = len(await listener.stored())
            status = await listener.post(body)
            assert status in {200, 400}
            new = len(await listener.stored()) - known
            assert new <= (status == 200)
            accepted += new
        # What is stored can be read again by the next process.
        waiting = WaitingUpdates(Intake(database, bot_id=1, partitions=4))
        readable = await waiting.find(range(4), known=())
        states = [row["state"] for row in await listener.stored()]
        assert len(readable) == states.count("waiting") == accepted - states.count("unreadable")
