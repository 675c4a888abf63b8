"""What it costs the readers that the old bot is at work beside this one."""

import asyncio
from asyncio import CancelledError
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from time import perf_counter

from bench.causes import StoryChoice
from bench.engines import Engines
from bench.figures import Figure, alternate
from bench.program import Program, following, prepared_program
from tests.features.legacy.old_bot import FIRST_ID, OldBot, write_old_store
from yabot.features.legacy import waiting
from yabot.features.legacy.service import Legacy
from yabot.features.legacy.side_by_side.dual import LOOK_EVERY, Dual

ROUNDS = 7
UPDATES = 60
# In the old bot's file: read and written apart, as what is larger.
USERS = 5_000
LAG_EVERY = 0.005


async def legacy_mode_figures(engines: Engines) -> list[Figure]:
    async with prepared_program(engines, "bench_legacy_mode") as program, following(program):
        change = StoryChoice(program)
        await change.prepare()
        dual, old = _old_bot_beside(program)
        # Whoever is in the file is known; what is measured is the time behind that.
        await dual.run_once()

        async def alone() -> float:
            return await _milliseconds_each(change)

        async def beside() -> float:
            program.services.commits.companions.append(waiting.beside)
            try:
                async with _at_work(dual):
                    return await _milliseconds_each(change)
            finally:
                program.services.commits.companions.remove(waiting.beside)

        pairs = await alternate(alone, beside, ROUNDS)
        lag = await _longest_lag(dual, old)
    return [
        pairs.figure("update while the old bot is at work, beside one without", "ms"),
        Figure(f"event loop, late while {USERS} users are read and written", "ms", lag),
    ]


def _old_bot_beside(program: Program) -> tuple[Dual, OldBot]:
    services, folder = program.services, program.settings.data_dir
    path = folder / "db.json"
    write_old_store(path, users=USERS)
    services.legacy_store, services.data_dir = path, folder
    dual = Legacy(services).dual
    assert dual is not None
    services.commits.companions.remove(waiting.beside)
    return dual, OldBot(path)


@asynccontextmanager
async def _at_work(dual: Dual) -> AsyncIterator[None]:
    async def rounds() -> None:
        while True:
            await dual.run_once()
            await asyncio.sleep(LOOK_EVERY)

    task = asyncio.create_task(rounds())
    try:
        yield
    finally:
        task.cancel()
        with suppress(CancelledError):
            await task


async def _milliseconds_each(change: StoryChoice) -> float:
    causes = [change.next(0) for _ in range(UPDATES)]
    started = perf_counter()
    for make in causes:
        await make()
    return (perf_counter() - started) / UPDATES * 1000


async def _longest_lag(dual: Dual, old: OldBot) -> float:
    """In milliseconds, while a change of the old bot's is taken in and answered with a write."""
    profile = old.get_user_profile(FIRST_ID)
    old.save_user_profile(profile | {"kisses": profile["kisses"] + 1})
    working = asyncio.create_task(dual.go_on(await dual.migrations.current()))
    longest = 0.0
    while not working.done():
        due = perf_counter() + LAG_EVERY
        await asyncio.sleep(LAG_EVERY)
        longest = max(longest, perf_counter() - due)
    await working
    return longest * 1000
