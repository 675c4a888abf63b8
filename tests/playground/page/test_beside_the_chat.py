"""What stands beside the chat: events, stored state, faults; other screens, a killed server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramForbiddenError

from tests.e2e.fork_server import ForkServer
from tests.playground.child import running
from tests.playground.glass import Glass, envelope
from tests.playground.page.browser import expect
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

pytestmark = pytest.mark.page


async def test_events_of_one_cause_light_up_together(
    page: Any, chat: Any, glass: Glass, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    glass.happen(envelope(alma, 1, "user_registered", "update:1"))
    glass.happen(envelope(alma, 2, "decision_made", "update:2", choice_id="left"))
    glass.happen(envelope(alma, 3, "operation_completed", "update:2", outcome="ok"))
    events = page.locator(".event")
    await expect(events).to_have_count(3)
    await events.nth(2).hover()
    assert [await events.nth(n).evaluate("e => e.matches('.lit')") for n in range(3)] == [
        False,
        True,
        True,
    ]
    await events.nth(1).locator("summary").press("Enter")
    await expect(events.nth(1)).to_contain_text("choice_id")
    await expect(events.nth(1).locator(".ids")).to_contain_text("update:2")
    await page.reload()
    await expect(events).to_have_count(3)


async def test_stored_values_that_change_are_marked(
    page: Any, chat: Any, glass: Glass, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    glass.state = {"Document": {"version": 1, "language": "es"}}
    glass.happen(envelope(alma, 1, "user_updated", "update:1"))
    await expect(page.locator("#stored")).to_contain_text("version")
    await expect(page.locator(".changed")).to_have_count(2)
    glass.state = {"Document": {"version": 2, "language": "es"}}
    glass.happen(envelope(alma, 2, "user_updated", "update:2"))
    await expect(page.locator(".changed")).to_have_text(["2"])
    glass.is_away = True
    glass.happen(envelope(alma, 3, "store_lost", "update:3"))
    await expect(page.locator("#stored")).to_contain_text("MongoDB is not available")


async def test_faults_are_made_and_cleared(
    page: Any, chat: Any, bot: Bot, client: PlaygroundClient
) -> None:
    faults = page.locator("#faults")
    await faults.locator("summary").press("Enter")
    await faults.get_by_label("What goes wrong").select_option("403 Blocked by the user")
    await expect(faults.get_by_label("Retry after")).to_be_hidden()
    await faults.get_by_label("Method").select_option("sendMessage")
    await faults.get_by_label("How many, or percent").fill("2")
    await faults.get_by_role("button", name="Add").click()
    await expect(faults.locator("summary")).to_have_text("1 fault")
    alma = (await client.users())[0]["id"]
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(alma, "struck")
    await expect(faults.locator(".faults li")).to_contain_text("sendMessage · 1 to come")
    await page.keyboard.press("Escape")
    await expect(faults.get_by_role("button", name="Add")).to_be_hidden()
    await faults.locator("summary").click()
    await faults.get_by_role("button", name="Clear").click()
    await expect(faults.locator("summary")).to_have_text("No faults")
    await bot.send_message(alma, "arrived")


async def test_on_a_phone_the_panel_is_views(
    server: PlaygroundServer, open_page: Callable[..., Any]
) -> None:
    page = await open_page(server.url, width=390)
    await expect(page.locator("#chats")).to_be_visible()
    await expect(page.locator("#timeline")).to_be_hidden()
    await page.get_by_role("button", name="Events", exact=True).click()
    await expect(page.locator("#timeline")).to_be_visible()
    await expect(page.locator("#chats")).to_be_hidden()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_theme_follows_the_system_until_it_is_chosen(
    server: PlaygroundServer, open_page: Callable[..., Any]
) -> None:
    page = await open_page(server.url, color_scheme="dark")
    paper = "getComputedStyle(document.body).color"
    by_night = await page.evaluate(paper)
    await page.get_by_role("button", name="Switch between light and dark").click()
    by_day = await page.evaluate(paper)
    assert by_day != by_night
    await page.reload()
    assert await page.evaluate(paper) == by_day


async def test_a_killed_server_comes_back_without_a_reload(
    forks: ForkServer, tmp_path: Path, open_page: Callable[..., Any]
) -> None:
    async with running(forks, tmp_path) as child, PlaygroundClient(child.url) as client:
        page = await open_page(child.url)
        await page.get_by_role("button", name="Start", exact=True).click()
        await expect(page.locator(".from-reader .text")).to_have_text("/start")
        # The page hears of the message before it hears that the chat has begun.
        await expect(page.get_by_label("Message", exact=True)).to_be_visible()
        await child.kill()
        await expect(page.locator("#connection")).to_have_text("Reconnecting…")
        await page.get_by_label("Message", exact=True).fill("is anybody there?")
        await page.keyboard.press("Enter")
        await expect(page.locator(".toast")).to_contain_text("What you wrote is kept")
        await child.start()
        await expect(page.locator("#connection")).to_have_text("Connected")
        await page.get_by_label("Message", exact=True).press("Enter")
        await expect(page.locator(".from-reader .text").last).to_have_text("is anybody there?")
        alma = (await client.users())[0]["id"]
        async with child.bot() as bot:
            await bot.send_message(alma, "I am here again")
        await expect(page.locator(".from-bot .text")).to_have_text("I am here again")
        await expect(page.locator("#panel-note")).to_be_visible()
