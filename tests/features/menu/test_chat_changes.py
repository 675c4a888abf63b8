"""Readers pin pages, open topics and set timers: Telegram tells of it by a message that is none."""

from typing import Any

import pytest

from tests.features.harness import Harness

OF_A_CHAT: dict[str, Any] = {
    "pinned_message": {"message_id": 1, "date": 0, "chat": {"id": 7, "type": "private"}},
    "message_auto_delete_timer_changed": {"message_auto_delete_time": 86_400},
    "write_access_allowed": {"from_request": True},
    "forum_topic_created": {"name": "New chat", "icon_color": 7_322_096},
    "forum_topic_edited": {"name": "The book"},
}
DICE = {"dice": {"emoji": "🎲", "value": 3}}


@pytest.mark.parametrize("kind", OF_A_CHAT)
async def test_a_change_of_the_chat_is_no_talk(harness: Harness, kind: str) -> None:
    ana = await harness.join()
    assert await ana.bring({kind: OF_A_CHAT[kind]}) == []
    (answered,) = await ana.bring(DICE)
    assert "That I cannot read" in answered.payload
