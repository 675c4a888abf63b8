"""Who reads the end of a chat goes on reading it, whatever becomes of its width."""

from typing import Any

import pytest

from tests.playground.page.browser import expect
from yabot.playground.client import PlaygroundClient

pytestmark = pytest.mark.page

# The browser corrects where it stands by a frame's end, and tells of it in the next.
TWO_FRAMES = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
BELOW = "e => e.scrollHeight - e.scrollTop - e.clientHeight"


async def test_a_second_chat_beside_it_does_not_push_the_end_away(
    page: Any, chat: Any, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    for n in range(12):
        await client.send(alma, f"{n} " + "a line that breaks where there is less room " * 8)
    await expect(chat.locator(".from-bot").last).to_contain_text("You said: 11")
    wide = await chat.locator(".log").evaluate("e => e.clientHeight")
    await page.get_by_role("button", name="Add a reader").click()
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_role("article", name="Chat of Bruno")).to_be_visible()
    assert await chat.locator(".log").evaluate("e => e.clientHeight") > wide
    await page.evaluate(TWO_FRAMES)
    assert await chat.locator(".scroller").evaluate(BELOW) < 2
