"""Many pages in one browser, of which one is seen."""

from typing import Any

import pytest
from aiogram import Bot

from tests.playground.page.browser import expect
from tests.waiting import until
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

pytestmark = pytest.mark.page


async def _becomes(page: Any, *, hidden: bool) -> None:
    """As a browser tells it of a tab; without a screen, it tells nothing of the kind."""
    await page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def test_a_page_that_is_not_seen_holds_no_connection(
    page: Any, server: PlaygroundServer, client: PlaygroundClient, bot: Bot
) -> None:
    async def are_watching(pages: int) -> bool:
        return server.open_streams == pages

    alma = (await client.users())[0]["id"]
    await client.send(alma, "/start")
    await _becomes(page, hidden=True)
    await until(lambda: are_watching(0))
    await bot.send_message(alma, "While nobody looks")
    await _becomes(page, hidden=False)
    await expect(page.locator("#connection")).to_have_text("Connected")
    await expect(page.locator(".from-bot").last).to_contain_text("While nobody looks")
    await until(lambda: are_watching(1))


async def test_as_many_tabs_as_one_likes_may_be_open(page: Any) -> None:
    for _ in range(8):
        await _becomes(page, hidden=True)
        url, page = page.url, await page.context.new_page()
        await page.goto(url)
        await expect(page.locator("#connection")).to_have_text("Connected")
