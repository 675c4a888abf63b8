"""kill -9 at random moments while five readers play: stores agree, everybody is answered."""

import asyncio
import random
from typing import Any

import pytest
from aiohttp import ClientError

from tests.e2e.invariants import settle, verify
from tests.e2e.program import Program
from tests.e2e.reader import Reader, buttons, readers, with_buttons
from yabot.errors import InvalidInput

NAMES = ("Ada", "Blas", "Cora", "Dani", "Eva")
SEEDS = (1, 2, 3)
KILLS = 3
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
        data = self._random.choice(buttons(message))
        await self.reader.client.press(self.reader.user_id, message["message_id"], data)

    async def _wait_for_more_than(self, messages: int) -> None:
        deadline = asyncio.get_running_loop().time() + IMPATIENCE * self._random.random()
        while asyncio.get_running_loop().time() < deadline:
            if len(await self.reader.chat()) > messages:
                return
            await asyncio.sleep(0.01)


@pytest.mark.criterion("1.1.3", "1.3.1", "2.2.4", "5.3.4")
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
        stop.set()
        await asyncio.gather(*walking)
        for reader in found:
            await reader.until(lambda chat: not any(message["pending"] for message in chat))
        await asyncio.to_thread(settle, mortal.stores)
        verify(mortal.stores)
        assert sum(len(mortal.stores.outbox(reader.user_id)) for reader in found) > 20
