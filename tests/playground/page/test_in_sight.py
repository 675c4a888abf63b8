"""What is to be read or pressed can be, whoever the readers are."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from aiogram import Bot

from tests.playground.page.browser import expect
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

pytestmark = pytest.mark.page

# What small text needs by WCAG 2.2, 1.4.3.
LEGIBLE = 4.5
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


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_time_of_a_message_can_be_read(
    server: PlaygroundServer,
    client: PlaygroundClient,
    bot: Bot,
    open_page: Callable[..., Any],
    theme: str,
) -> None:
    alma = (await client.users())[0]["id"]
    await client.send(alma, "/start")
    await bot.send_message(alma, "Welcome")
    page = await open_page(server.url, color_scheme=theme)
    for side in (".from-reader", ".from-bot"):
        bubble = page.locator(f"{side} .bubble").first
        ground = await bubble.evaluate("e => getComputedStyle(e).backgroundColor")
        ink = await bubble.locator(".meta").evaluate("e => getComputedStyle(e).color")
        assert _contrast(ink, ground) >= LEGIBLE


def _contrast(one: str, other: str) -> float:
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """Of ``rgb(…)``."""
    parts = (int(part) / 255 for part in re.findall(r"\d+", colour))
    linear = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
