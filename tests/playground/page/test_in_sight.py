"""What is to be read or pressed can be, whoever the readers are."""

from typing import Any

import pytest

from tests.playground.page.browser import expect
from yabot.playground.client import PlaygroundClient

pytestmark = pytest.mark.page

LONG = "Maximiliana Wolfeschlegelsteinhausenbergerdorff de la Concepción"


@pytest.mark.parametrize("width", [1280, 360])
async def test_one_may_be_added_however_many_there_are_and_whatever_their_names(
    page: Any, client: PlaygroundClient, width: int
) -> None:
    for name in (LONG, *(f"Reader {n}" for n in range(13))):
        await client.add_user(name)
    await page.set_viewport_size({"width": width, "height": 860})
    await page.reload()
    await expect(page.locator(".tab[data-user]")).to_have_count(15)
    for what in ("reader", "group"):
        add = page.get_by_role("button", name=f"Add a {what}")
        await expect(add).to_be_in_viewport(ratio=1)
        # Nothing lies above it.
        await add.click(trial=True)
    long = page.get_by_role("button", name=LONG)
    assert (await long.bounding_box())["width"] < 200
    await expect(long).to_have_attribute("title", LONG)
    await page.locator(".tab[data-user]").last.focus()
    await expect(page.locator(".tab[data-user]").last).to_be_in_viewport(ratio=0.9)
