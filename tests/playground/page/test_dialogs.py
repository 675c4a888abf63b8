"""Dialogs that change something: what the server refuses is said there, what it does ends them."""

from typing import Any

import pytest

from tests.playground.page.browser import expect

pytestmark = pytest.mark.page


async def test_a_refusal_is_told_in_the_dialog_and_can_be_mended(page: Any, chat: Any) -> None:
    await page.get_by_role("button", name="Add a reader").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill("   ")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("at least 1 character")
    await dialog.get_by_label("Name", exact=True).fill("Bruno")
    await dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(dialog).to_have_count(0)
    await expect(page.locator(".tab", has_text="Bruno")).to_be_visible()


async def test_a_reader_is_changed_and_only_removed_when_it_is_meant(page: Any, chat: Any) -> None:
    change = page.get_by_role("button", name="Change this")
    await change.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).fill("Almudena")
    await dialog.get_by_label("Stars").fill("7")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    tab = page.locator(".tab", has_text="Almudena")
    await expect(tab).to_be_visible()

    await change.click()
    await dialog.get_by_role("button", name="Remove this reader").click()
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_have_count(0)
    await expect(tab).to_be_visible()

    await change.click()
    await dialog.get_by_role("button", name="Remove this reader").click()
    await dialog.get_by_role("button", name="Remove with all messages?").click()
    await expect(dialog).to_have_count(0)
    await expect(tab).to_have_count(0)
