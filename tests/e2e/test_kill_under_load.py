"""kill -9 at random moments while five readers play and react: stores agree, everybody is
answered, and what a page promises for a reaction is paid once."""

import asyncio
import json
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from aiohttp import ClientError

from tests.e2e.invariants import settle, verify
from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons, readers, with_buttons
from tests.e2e.route import STORY
from tests.e2e.stores import Stores
from tests.features.besitos.beside import beside, until_told
from tests.waiting import until
from yabot.errors import InvalidInput
from yabot.features.besitos.audit import audit_ledger

pytestmark = pytest.mark.slow

NAMES = ("Ada", "Blas", "Cora", "Dani", "Eva")
SEEDS = (1, 2, 3)
KILLS = 3
# The pages where readers begin pay for the first of these.
EMOJI = ("❤", "❤", "🤔", "😍", "💋")
PRIVACY = ("Qué guardo", "What I keep")
IMPATIENCE = 0.3  # seconds after which a reader does not wait for an answer any longer


class Walker:
    """Presses whatever is offered, whether or not anybody is there to hear it."""

    def __init__(self, reader: Reader, seed: str) -> None:
        self.reader = reader
        self._random = random.Random(seed)

    async def walk(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                chat = await self.reader.chat()
                await self._act(chat)
                await self._wait_for_more_than(len(chat))
            except (ClientError, InvalidInput):
                await asyncio.sleep(0.02)

    async def _act(self, chat: list[dict[str, Any]]) -> None:
        offered = with_buttons(chat)
        if not offered or self._random.random() < 0.1:
            await self.reader.send(self._random.choice(["/start", "/story", "/menu", "/nothing"]))
            return
        message = self._random.choice(offered[-3:])
        if self._random.random() < 0.4:
            emoji = self._random.choice(EMOJI)
            await self.reader.client.react(self.reader.user_id, message["message_id"], emoji)
            return
        data = self._random.choice(buttons(message))
        await self.reader.client.press(self.reader.user_id, message["message_id"], data)

    async def _wait_for_more_than(self, messages: int) -> None:
        deadline = asyncio.get_running_loop().time() + IMPATIENCE * self._random.random()
        while asyncio.get_running_loop().time() < deadline:
            if len(await self.reader.chat()) > messages:
                return
            await asyncio.sleep(0.01)


def has_heard_of_privacy(chat: list[dict[str, Any]]) -> bool:
    """Which no walker asks about; some have chosen another language."""
    said = [message.get("text", "") for message in chat]
    return any(text.startswith(title) for text in said for title in PRIVACY)


def first_reactions(stores: Stores) -> dict[str, int]:
    """What each reader is to have for the first priced reaction to each page, by the ledger's
    keys."""
    query = "SELECT envelope FROM outbox WHERE event_type = ? ORDER BY partition, pos"
    due: dict[str, int] = {}
    for row in stores.rows(query, "reaction_detected"):
        event = json.loads(row["envelope"])
        page, emoji = event["payload"]["content_id"], event["payload"]["reaction_type"]
        if price := STORY.fragments[page].metadata.reactions.get(emoji):
            due.setdefault(f"reaction:{event['user_id']}:{page}", price)
    return due


def events_of(stores: Stores, found: Sequence[Reader]) -> int:
    return sum(len(stores.outbox(reader.user_id)) for reader in found)


async def have_come_far(stores: Stores, found: Sequence[Reader]) -> bool:
    """Far enough for what is asked of them afterwards."""
    return events_of(stores, found) > 20 and bool(first_reactions(stores))


async def verify_rewards(stores: Stores) -> None:
    await asyncio.to_thread(until_told, stores)
    paid = "SELECT transaction_id, amount FROM postings WHERE transaction_id LIKE ? AND amount > 0"
    rows = stores.rows(paid, "reaction:%")
    assert {row["transaction_id"]: row["amount"] for row in rows} == first_reactions(stores)
    assert len(rows) > 0
    async with beside(stores) as ledger:
        assert await audit_ledger(ledger.database) == []
    assert stores.value("SELECT count(*) FROM dead_letters") == 0


@pytest.mark.criterion("1.1.3", "1.3.1", "2.2.4", "2.3.1", "5.3.4", "rel.3")
@pytest.mark.parametrize("seed", SEEDS)
async def test_whenever_it_is_killed_nothing_is_lost_or_done_twice(
    mortal: Program, seed: int
) -> None:
    moments = random.Random(seed)
    stop = asyncio.Event()
    async with readers(mortal.url, *NAMES) as found:
        walkers = [Walker(reader, f"{seed}{number}") for number, reader in enumerate(found)]
        walking = [asyncio.create_task(walker.walk(stop)) for walker in walkers]
        for _ in range(KILLS):
            await asyncio.sleep(moments.uniform(0.05, 0.6))
            mortal.kill9()
            await asyncio.to_thread(mortal.start)
        await until(partial(have_come_far, mortal.stores, found))
        stop.set()
        await asyncio.gather(*walking)
        for reader in found:
            await reader.until(lambda chat: not any(message["pending"] for message in chat))
            # A reader's updates are taken in order: behind this answer none is left to come.
            await reader.send("/privacy")
            await reader.until(has_heard_of_privacy)
        await asyncio.to_thread(settle, mortal.stores)
        await verify_rewards(mortal.stores)
        verify(mortal.stores)
        assert events_of(mortal.stores, found) > 20
