"""The chat itself: the first visit, buttons, reactions, the keyboard."""

from typing import Any

import pytest

from tests.playground.page.browser import expect
from tests.playground.page.porter import Porter

pytestmark = pytest.mark.page


async def test_the_first_visit_begins_with_a_name_and_start(page: Any) -> None:
    await expect(page.get_by_label("Name")).to_have_value("Alma")
    await page.get_by_label("Name").fill("Lucía")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator(".from-reader .text")).to_have_text("/start")
    await expect(page.locator(".from-bot .text")).to_contain_text("Good evening")
    await expect(page.locator(".from-bot .text")).to_contain_text("Lucía")
    await expect(page.get_by_label("Message", exact=True)).to_be_focused()


async def test_a_spoiler_is_hidden_until_it_is_asked_for(page: Any, chat: Any) -> None:
    await chat.get_by_role("button", name="Hidden text: show it").press("Enter")
    await expect(chat.locator(".spoiler-shown")).to_have_text("hush")


async def test_a_pressed_button_is_pending_until_the_bot_answers(
    page: Any, chat: Any, porter: Porter
) -> None:
    button = chat.get_by_role("button", name="Wait")
    await button.dblclick()
    await expect(button).to_have_attribute("aria-busy", "true")
    await expect(button).to_be_focused()
    await page.reload()
    await expect(button).to_have_attribute("aria-busy", "true")
    porter.waiting.set()
    await expect(button).not_to_have_attribute("aria-busy", "true")
    await expect(chat.locator(".toast")).to_have_text("It was worth it")
    assert porter.presses == ["wait"]


async def test_an_alert_is_a_dialog(page: Any, chat: Any) -> None:
    await chat.get_by_role("button", name="Right").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("The right door")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)


async def test_reactions_are_given_and_taken_back(page: Any, chat: Any) -> None:
    message = chat.locator(".from-bot").first
    await message.locator(".line").hover()
    await message.get_by_role("button", name="React with 🔥").click()
    await expect(chat.locator(".from-bot .text").last).to_have_text("Thank you")
    await expect(message.locator(".chip")).to_have_text("🔥")
    await message.locator(".chip").click()
    await expect(message.locator(".chip")).to_have_count(0)


async def test_the_keyboard_is_enough(page: Any, chat: Any) -> None:
    box = chat.get_by_label("Message", exact=True)
    await box.press_sequentially("/")
    options = chat.get_by_role("option")
    await expect(options).to_have_count(2)
    await box.press("ArrowDown")
    await box.press("Enter")
    await expect(chat.locator(".from-bot .text").last).to_have_text("You said: /menu")
    await expect(box).to_have_value("")
    await chat.get_by_role("button", name="Left").focus()
    await page.keyboard.press("ArrowRight")
    await expect(chat.get_by_role("button", name="Right")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(chat.get_by_role("button", name="Wait")).to_be_focused()


async def test_only_new_messages_are_announced(page: Any, chat: Any) -> None:
    log = chat.get_by_role("log")
    await expect(log).to_have_attribute("aria-live", "polite")
    first = await log.locator("li").first.element_handle()
    await chat.get_by_label("Message", exact=True).fill("hello")
    await page.keyboard.press("Enter")
    await expect(chat.locator(".from-bot .text").last).to_have_text("You said: hello")
    assert await first.evaluate("element => element.isConnected")


async def test_two_readers_side_by_side_survive_a_reload(page: Any, chat: Any) -> None:
    await page.get_by_role("button", name="Add a reader").click()
    await page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Bruno")
    await page.get_by_role("button", name="Add", exact=True).click()
    bruno = page.get_by_role("article", name="Chat of Bruno")
    await bruno.get_by_role("button", name="Start", exact=True).click()
    await expect(bruno.locator(".from-bot .text")).to_contain_text("Bruno")
    await bruno.get_by_label("Message", exact=True).fill("half a thought")
    await expect(chat.locator(".from-bot")).to_have_count(1)
    await page.reload()
    await expect(bruno.get_by_label("Message", exact=True)).to_have_value("half a thought")
    await expect(chat).to_be_visible()


async def test_a_blocked_bot_can_be_unblocked(page: Any, chat: Any) -> None:
    await chat.get_by_role("button", name="Change this reader").click()
    await page.get_by_role("button", name="Block the bot").click()
    await expect(chat.get_by_label("Message", exact=True)).to_be_hidden()
    await chat.get_by_role("button", name="Unblock").click()
    await expect(chat.get_by_label("Message", exact=True)).to_be_visible()
