"""Old bots beside this one, each in a process of its own."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.features.legacy.house import House, old_user
from tests.features.legacy.old_bot import OldBot, new_profile, work
from tests.features.legacy.old_bots import at_work, settings_of
from yabot.features.besitos.service import BesitosService
from yabot.log.unit_of_work import UnitOfWork

READERS = (7, 8, 9)
# Nobody runs out of them.
PLENTY = 10_000
TURNS = 40
SEEDS = (1, 2)


@pytest.fixture
def settings(house: House, mongodb_uri: str, mongo_database: str, tmp_path: Path) -> dict[str, str]:
    return settings_of(house.world.services.database, mongodb_uri, mongo_database, tmp_path)


@pytest.mark.criterion("5.4.3")
async def test_two_old_bots_and_this_one_write_at_once_and_lose_nothing(
    house: House, settings: dict[str, str], tmp_path: Path
) -> None:
    await house.merge(*(old_user(str(reader), kisses=PLENTY) for reader in READERS))
    stopped = asyncio.Event()
    ours = asyncio.create_task(_award(house, stopped))
    gained = await at_work(settings, READERS, turns=TURNS, seeds=SEEDS)
    stopped.set()
    gained.update(await ours)
    alone = [_alone(tmp_path / f"{seed}.json", seed) for seed in SEEDS]
    for reader in READERS:
        here = await house.ours(str(reader))
        assert here.kisses == PLENTY + gained[reader]
        assert Counter(here.inventory) == _all(alone, reader, "inventory")
        assert Counter(here.achievements) == _all(alone, reader, "achievements")
        assert here.choices.keys() == _all(alone, reader, "narrative_choices").keys()
    assert await house.audits() == []


def _alone(path: Path, seed: int) -> OldBot:
    """What one of them does to its old file when nobody else is there."""
    bot = OldBot(path)
    for reader in READERS:
        bot.save_user_profile(new_profile(reader) | {"kisses": PLENTY})
    work(bot.get_user_profile, bot.save_user_profile, READERS, turns=TURNS, seed=seed)
    return bot


def _all(bots: list[OldBot], reader: int, field: str) -> Counter[Any]:
    return Counter(each for bot in bots for each in bot.get_user_profile(reader)[field])


async def _award(house: House, stopped: asyncio.Event) -> Counter[int]:
    """What readers earn here meanwhile."""
    besitos, gained = house.world.services[BesitosService], Counter[int]()
    while not stopped.is_set():
        reader, key = READERS[gained.total() % 3], f"moonlight:{gained.total()}"

        async def award(unit: UnitOfWork, reader: int = reader, key: str = key) -> None:
            told = {"reason": "moonlight", "source": "rewards"}
            await besitos.award(unit, str(reader), 4, key=key, **told)

        await house.world.decide(key, award)
        gained[reader] += 4
        await asyncio.sleep(0.01)
    return gained
