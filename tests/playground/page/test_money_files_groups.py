"""Invoices, files and groups on the page."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import (
    BufferedInputFile,
    LabeledPrice,
)

from tests.playground.page.browser import expect
from tests.playground.test_files import png
from yabot.playground.client import PlaygroundClient

pytestmark = pytest.mark.page


async def test_an_invoice_is_paid_with_play_money(
    page: Any, chat: Any, bot: Bot, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    price = [LabeledPrice(label="VIP", amount=250)]
    await bot.send_invoice(alma, "VIP", "Thirty days", "vip", "XTR", price)
    button = chat.get_by_role("button", name="Pay ⭐️250")
    await expect(chat.locator(".invoice")).to_contain_text("Thirty days")
    await button.click()
    await expect(chat.locator(".service p")).to_have_text("⭐ 250 paid")
    await expect(chat.locator(".purse")).to_have_text("⭐ 750")
    await expect(button).not_to_have_attribute("aria-busy", "true")
    await bot.send_invoice(alma, "Too much", "Not for sale", "no", "XTR", price)
    await expect(chat.locator(".invoice")).to_have_count(2)
    await chat.get_by_role("button", name="Pay ⭐️250").last.click()
    await expect(page.get_by_role("dialog")).to_contain_text("Not today")
    await page.keyboard.press("Enter")
    await expect(chat.locator(".purse")).to_have_text("⭐ 750")


async def test_files_are_sent_and_shown(
    page: Any, chat: Any, bot: Bot, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    await chat.get_by_label("Message", exact=True).fill("my gate")
    picture = {"name": "gate.png", "mimeType": "image/png", "buffer": png(60, 40)}
    await chat.get_by_label("File to send").set_input_files(picture)
    own = chat.locator(".from-reader").last
    await expect(own.locator(".text")).to_have_text("my gate")
    await expect(chat.get_by_label("Message", exact=True)).to_have_value("")
    assert (
        await own.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
        == 60
    )
    plain = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"remember the key"}
    await chat.get_by_label("File to send").set_input_files(plain)
    await expect(chat.locator(".from-reader").last.locator(".file")).to_contain_text("notes.txt")
    await bot.send_photo(alma, BufferedInputFile(png(80, 50), "x.png"), caption="the hall")
    await expect(chat.locator(".from-bot").last.locator(".text")).to_have_text("the hall")
    shown = chat.locator(".from-bot").last.locator("img")
    assert await shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 80


async def test_readers_meet_the_bot_in_a_group(
    page: Any, chat: Any, bot: Bot, client: PlaygroundClient
) -> None:
    await client.add_user("Bruno")
    await expect(page.locator(".tab", has_text="Bruno")).to_be_visible()
    await page.get_by_role("button", name="Add a group").click()
    await page.get_by_role("dialog").get_by_label("Title").fill("The reading circle")
    await page.get_by_role("button", name="Add", exact=True).click()
    group = page.get_by_role("article", name="Group The reading circle")
    await expect(group.locator(".service p")).to_have_text("Alma added YABOT")
    await group.get_by_label("Who writes and presses").select_option("Bruno")
    await group.get_by_label("Message", exact=True).fill("just talking")
    await page.keyboard.press("Enter")
    await group.get_by_label("Message", exact=True).fill("/start")
    await page.keyboard.press("Enter")
    await expect(group.locator(".from-bot .text")).to_contain_text("Bruno")
    await expect(group.locator(".from-reader .text")).to_have_text(["just talking", "/start"])
    await group.get_by_role("button", name="Left").click()
    await expect(group.locator(".toast")).to_have_text("The left door")
    await group.get_by_label("Who writes and presses").select_option("Alma")
    await expect(group.locator(".from-reader")).to_have_count(0)
    await expect(group.locator(".from-other .author").first).to_have_text("Bruno")
    await page.reload()
    await expect(group.locator(".from-bot")).to_have_count(1)
    await group.get_by_role("button", name="Change this").click()
    await page.get_by_role("button", name="Delete the group").click()
    await expect(group).to_have_count(0)
