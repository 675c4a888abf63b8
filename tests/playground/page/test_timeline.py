"""Events and stored state can be read at a glance, and follow what happens."""

from typing import Any

import pytest

from tests.playground.glass import Glass, envelope
from tests.playground.page.browser import expect
from yabot.playground.client import PlaygroundClient
from yabot.playground.server import PlaygroundServer

pytestmark = pytest.mark.page

MOVEMENT = {"amount": 3, "reason": "reaction", "created_at": "2026-11-22T14:00:02.250000Z"}


async def test_an_event_says_in_a_few_words_what_happened(
    page: Any, chat: Any, glass: Glass, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    glass.happen(envelope(alma, 1, "reaction_detected", "update:1", content_id="gate"))
    awarded = {"amount": 3, "reason": "reaction", "transaction_id": "reaction:7:gate"}
    glass.happen(envelope(alma, 2, "besitos_awarded", "update:1", **awarded))
    glass.happen(envelope(alma, 3, "operation_completed", "update:2", duration_ms=4.84))
    gists = page.locator(".event .gist")
    await expect(gists).to_have_text(["gate", "amount 3 · reaction", ""])
    # What belongs together has its time once, where it begins.
    times = page.locator(".event > time")
    assert [await times.nth(n).is_visible() for n in range(3)] == [True, False, True]


async def test_only_the_new_movement_is_marked_and_it_comes_into_view(
    page: Any, chat: Any, glass: Glass, client: PlaygroundClient
) -> None:
    alma = (await client.users())[0]["id"]
    profile = {f"field_{n}": n for n in range(60)}
    glass.state = {"Profile": profile, "Besitos": {"balance": 3, "movements": [MOVEMENT]}}
    glass.happen(envelope(alma, 1, "besitos_awarded", "update:1", amount=3))
    moments = page.locator("#stored time")
    await expect(moments).to_have_text(["2026-11-22 14:00:02"])
    spent = {"amount": -2, "reason": "gift", "created_at": "2026-11-22T14:00:09.250000Z"}
    glass.state = {"Profile": profile, "Besitos": {"balance": 1, "movements": [spent, MOVEMENT]}}
    glass.happen(envelope(alma, 2, "besitos_spent", "update:2", amount=2))
    await expect(page.locator(".changed")).to_have_text(["1", "-2", "gift", "2026-11-22 14:00:09"])
    await expect(page.locator(".changed").first).to_be_in_viewport()


async def test_a_reader_who_says_their_name_at_the_start_has_it_beside_the_chat_too(
    server: PlaygroundServer, page: Any
) -> None:
    await page.get_by_label("Name").fill("Lucía")
    await page.get_by_role("button", name="Start", exact=True).click()
    await expect(page.locator("[data-reader]")).to_have_text(["Lucía", "Lucía"])
