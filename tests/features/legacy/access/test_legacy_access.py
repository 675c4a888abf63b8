"""Old bots beside this one, each in a process of its own."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fork_server import ForkServer
from tests.e2e.program import Program
from tests.e2e.reader import readers
from tests.features.besitos.beside import grant, until_told
from tests.features.legacy.access.test_access import enter
from tests.features.legacy.house import House, old_user
from tests.features.legacy.old_bot import OldBot, new_profile, work
from tests.features.legacy.old_bots import at_work, ran, settings_of, started
from tests.features.rewards.chain import Chain, ledger_is_sound
from tests.waiting import wait_until
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


@pytest.mark.slow
@pytest.mark.criterion("5.4.3")
async def test_two_old_bots_and_this_one_write_at_once_and_lose_nothing(
    forks: ForkServer, house: House, settings: dict[str, str], tmp_path: Path
) -> None:
    await house.merge(*(old_user(str(reader), kisses=PLENTY) for reader in READERS))
    stopped = asyncio.Event()
    ours = asyncio.create_task(_award(house, stopped))
    gained = await at_work(forks, settings, READERS, turns=TURNS, seeds=SEEDS)
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
        await asyncio.sleep(0.03)
    return gained


# Telegram's models, which are not asked for, it need not build: another old bot below does.
OLD_BOT = """import yabot.deferred_models; yabot.deferred_models.defer()
import asyncio, logging, sys
from yabot.legacy_access import get_user_profile, save_user_profile

logging.basicConfig(format="log %(name)s: %(message)s")

def visit():
    profile = get_user_profile(7)  # line 8
    profile["kisses"] += 1
    save_user_profile(profile)  # line 10
    return profile["kisses"]

async def handle():
    return visit()

print(visit(), asyncio.run(handle()), flush=True)
sys.stdin.readline()
print(visit(), asyncio.run(handle()), flush=True)
try:
    save_user_profile({"telegram_id": 7, "kisses": "muchos"})
except ValueError as error:
    print(error, flush=True)
"""


@pytest.mark.slow
@pytest.mark.criterion("5.4.5")
async def test_each_line_that_takes_the_old_way_is_told_and_anew_when_the_migration_is_complete(
    sqlite_house: House, mongodb_uri: str, mongo_database: str, tmp_path: Path
) -> None:
    database = sqlite_house.world.services.database
    program = tmp_path / "old_bot.py"
    program.write_text(OLD_BOT)
    settings = settings_of(database, mongodb_uri, mongo_database, tmp_path)
    async with started(settings, "-W", "always::DeprecationWarning", str(program)) as process:
        assert await process.line() == "6 7"
        await enter(sqlite_house, tmp_path / "db.json", "importing", "dual", "completed")
        await process.say("go on")
        assert await process.line() == "8 9"
        assert "kisses cannot be read" in await process.line()
    places = [f"{program}:{number}: " for number in (8, 10)]
    logged = [line for line in process.complaints if line.startswith("log yabot.legacy_access: ")]
    assert [line.split(": ")[1] + ": " for line in logged[:4]] == [*places, *places]
    assert ["the migration is complete" in line for line in logged[:4]] == [False] * 2 + [True] * 2
    warned = [line for line in process.complaints if ": DeprecationWarning: " in line]
    assert [line.partition("DeprecationWarning")[0] for line in warned[:4]] == [*places, *places]
    # Line 21 is one more caller.
    assert len(logged) == len(warned) == 5


@pytest.mark.slow
@pytest.mark.criterion("5.4.3")
async def test_an_old_bot_works_beside_the_running_program(
    forks: ForkServer, playing: Program
) -> None:
    async with readers(playing.url, "Berta") as (berta,):
        await berta.ask("/story")
        await grant(playing.stores, berta.user_id, PLENTY)
        # Of the hints, that is, which so many bring: later messages are answers.
        until_told(playing.stores)
        old_bot = asyncio.create_task(
            at_work(forks, playing.settings, [berta.user_id], turns=TURNS, seeds=[3])
        )
        await berta.press("r:letter:❤", answers=0)
        gained = await old_bot
        chain = Chain(playing.stores, berta)
        wait_until(lambda: chain.rewards() == ["letter"])
        assert chain.balance() == PLENTY + 1 + gained[berta.user_id]
        (told,) = await berta.ask("/balance")
        assert f"{chain.balance():,}".replace(",", ".") in told["text"]
        assert await ledger_is_sound(playing.stores)


@pytest.mark.slow
async def test_a_store_that_is_away_is_told_in_one_exception(
    sqlite_house: House, tmp_path: Path
) -> None:
    database = sqlite_house.world.services.database
    settings = settings_of(database, "mongodb://127.0.0.1:1/", "nowhere", tmp_path)
    program = tmp_path / "old_bot.py"
    program.write_text(
        "from yabot.legacy_access import StoreUnavailable, get_user_profile\n"
        "try:\n    get_user_profile(7)\n"
        "except StoreUnavailable as error:\n    print(error)\n"
    )
    said, _ = await ran(settings | {"MONGODB_TIMEOUT_MS": "500"}, str(program))
    assert said.startswith("MongoDB is not available: ")
