"""Pages in headless Chromium, with a small bot behind them."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import (
    BotCommand,
)

from tests.playground.glass import Glass
from tests.playground.page.browser import CHROMIUM, expect, playwright
from tests.playground.page.porter import Porter
from yabot.playground.server import PlaygroundServer


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    assert executable, "the page tests need Chromium: apt-get install chromium"
    async with playwright().async_playwright() as driver:
        launched = await driver.chromium.launch(executable_path=executable, args=CHROMIUM)
        yield launched
        await launched.close()


@pytest.fixture
async def open_page(browser: Any) -> AsyncIterator[Callable[..., Any]]:
    """Opens pages; none may break the policy or throw. What fails to load is no fault here."""
    complaints: list[str] = []

    async def open_one(url: str, width: int = 1400, **context: Any) -> Any:
        viewport = {"width": width, "height": 860}
        page = await (await browser.new_context(viewport=viewport, **context)).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text))
        await page.goto(url)
        await expect(page.locator("#connection")).to_have_text("Connected")
        return page

    yield open_one
    assert [told for told in complaints if "Failed to load resource" not in told] == []


@pytest.fixture
def glass() -> Glass:
    return Glass()


@pytest.fixture
async def server(tmp_path: Path, glass: Glass) -> AsyncIterator[PlaygroundServer]:
    started = PlaygroundServer(tmp_path / "playground.db", port=0, inspector=glass)
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def porter(bot: Bot) -> AsyncIterator[Porter]:
    porter = Porter()
    await bot.set_my_commands(
        [
            BotCommand(command="story", description="Read on"),
            BotCommand(command="menu", description="All there is"),
        ]
    )
    dispatcher = porter.dispatcher()
    kinds = dispatcher.resolve_used_update_types()
    polling = asyncio.create_task(
        dispatcher.start_polling(bot, handle_signals=False, allowed_updates=kinds)
    )
    yield porter
    porter.waiting.set()
    with contextlib.suppress(RuntimeError):
        await dispatcher.stop_polling()
    await polling


@pytest.fixture
async def page(server: PlaygroundServer, porter: Porter, open_page: Callable[..., Any]) -> Any:
    return await open_page(server.url)


@pytest.fixture
async def chat(page: Any) -> Any:
    """Alma's chat, begun with the Start button."""
    await page.get_by_role("button", name="Start", exact=True).click()
    opened = page.get_by_role("article", name="Chat of Alma")
    await expect(opened.locator(".from-bot")).to_have_count(1)
    return opened
