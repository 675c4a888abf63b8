"""The story by webhook, from a seed: at each step stores are lost, and Telegram has its moods."""

import random

import pytest

from tests.e2e.invariants import verify
from tests.e2e.player import data_of, scenes
from tests.e2e.program import Program
from tests.e2e.programs import bot_token
from tests.e2e.reader import Reader, buttons, readers
from tests.e2e.route import STORY, Walk
from tests.outages.world import Component, Json, Way, World
from tests.outages.worlds import NewWorld
from tests.ports import free_port
from tests.waiting import wait_until
from yabot.features.narrative.story.model import Choice

LATER = "Ahora mismo no llego a tus páginas"
WAYS: tuple[Way, ...] = ("killed", "frozen", "unreachable", "refused")
STORES: tuple[Component, ...] = ("mongodb", "redis", "sql")
STEPS = 4
MOODS: list[Json] = [
    {"kind": "flood", "retry_after": 1, "probability": 0.1},
    {"kind": "server_error", "probability": 0.1},
    {"kind": "drop_before", "method": "sendMessage", "probability": 0.1},
    {"kind": "drop_after", "method": "sendMessage", "probability": 0.1},
    {"kind": "duplicate", "probability": 0.3},
]


class Stubborn:
    """A reader who presses again when the bot says that it cannot go on just now."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.walk = Walk()
        self._excuses = 0
        # Where the button was that is pressed; an answer may have taken it away.
        self._page = 0

    async def press(self, choice: Choice) -> None:
        """And do not wait."""
        self._excuses = excuses(await self.reader.chat())
        data = data_of(self.walk.fragment, choice)
        self._page = await self.reader.find(data)
        await self._press(data)

    async def arrive(self, choice: Choice) -> None:
        """Where the choice leads; pressing again as often as it was not taken."""
        data = data_of(self.walk.fragment, choice)
        self.walk.take(choice)
        while not self.is_shown(chat := await self.reader.until(self._is_answered)):
            self._excuses = excuses(chat)
            await self._press(data)

    async def _press(self, data: str) -> None:
        await self.reader.client.press(self.reader.user_id, self._page, data)

    def _is_answered(self, chat: list[Json]) -> bool:
        return self.is_shown(chat) or excuses(chat) > self._excuses

    def is_shown(self, chat: list[Json]) -> bool:
        """Whether the newest page in the chat is the one where the reader stands."""
        offered = [data for scene in scenes(chat)[-1:] for data in buttons(scene)]
        choices = [data_of(self.walk.fragment, each) for each in self.walk.open_choices()]
        return [data for data in offered if data.startswith("c:")] == choices


def excuses(chat: list[Json]) -> int:
    return sum(LATER in message["text"] for message in chat)


def somewhere_else(walk: Walk, seed: random.Random) -> Choice:
    """Any choice that does not end the story or meet its locked door."""
    ways = [
        choice
        for choice in walk.open_choices()
        if not walk.is_shut(choice) and not STORY.fragments[choice.next_fragment].metadata.ending
    ]
    return seed.choice(ways)


async def step_through_an_outage(
    world: World, reader: Stubborn, seed: random.Random, *, noticed: bool
) -> None:
    """``noticed``: it lasts until the program knows; else it may be over before that."""
    choice = somewhere_else(reader.walk, seed)
    lost = seed.sample(STORES, seed.choice([1, 1, 2]))
    for component in lost:
        world.lose(component, seed.choice(WAYS))
    await reader.press(choice)
    if noticed:
        for component in lost:
            world.until_noticed(component)
    if seed.random() < 0.3:
        assert world.program.stop() == 0
        world.program.launch()
    for component in lost:
        await world.restore(component)
    await reader.arrive(choice)


@pytest.mark.criterion("1.1.5", "2.1.3", "2.2.5", "5.1.5", "5.3.2", "5.4.1")
@pytest.mark.parametrize("seeded", [1, 2])
async def test_every_accepted_update_has_its_effect_once(
    new_world: NewWorld, telegram: Program, seeded: int
) -> None:
    seed, port = random.Random(seeded), str(free_port())
    world = new_world(
        postgres=True,
        BOT_TOKEN=bot_token(telegram),
        TELEGRAM_API_URL=telegram.url,
        WEBHOOK_URL=f"http://127.0.0.1:{port}/telegram",
        WEBHOOK_PORT=port,
        WEBHOOK_SECRET="a-secret-of-this-test",
    )
    world.program.start()
    wait_until(lambda: bool(world.program.logged("webhook.set")))
    async with readers(telegram.url, "Lucía") as (lucia,):
        reader = Stubborn(lucia)
        await lucia.ask("/start")
        await lucia.ask("/story")
        await lucia.client.faults(*MOODS, seed=seeded)
        for number in range(STEPS):
            await step_through_an_outage(world, reader, seed, noticed=number % 2 == 0)
        await lucia.client.clear_faults()
        world.until_well()
        await lucia.until(lambda chat: not any(message["pending"] for message in chat))
        verify(world.stores)
    received = "SELECT count(*) FROM outbox WHERE event_type = 'update_received'"
    assert world.stores.value(received) == world.stores.value("SELECT count(*) FROM updates")
    assert {kind for kind, _ in world.incidents()} == {"store_lost", "store_restored"}
    assert world.program.stop() == 0
