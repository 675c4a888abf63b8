"""Figure 4: the processor's time that an update takes, beside a bare aiogram with one handler."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import process_time
from typing import Any

from aiogram import Dispatcher, Router
from aiogram.types import CallbackQuery

from bench.causes import LANES, StoryChoice
from bench.engines import Engines
from bench.figures import Figure, alternate
from bench.program import following, prepared_program
from bench.updates import Reader

ROUNDS = 5
IN_EACH_LANE = 20
UPDATES = LANES * IN_EACH_LANE
PATIENCE = 60.0

Cause = Callable[[], Awaitable[Any]]


async def processor_figures(engines: Engines) -> list[Figure]:
    async with prepared_program(engines, "bench_processor") as program, following(program):
        change = StoryChoice(program)
        await change.prepare()
        dispatcher, reader = _one_handler(), Reader(1, program.bot)

        async def bare() -> float:
            updates = [reader.goes_on() for _ in range(UPDATES)]
            started = process_time()
            for update in updates:
                await dispatcher.feed_update(program.bot, update)
            return _milliseconds_each(started)

        async def ours() -> float:
            lanes = [[change.next(lane) for _ in range(IN_EACH_LANE)] for lane in range(LANES)]
            started = process_time()
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*map(_run, lanes))
            return _milliseconds_each(started)

        pairs = await alternate(bare, ours, ROUNDS)
    return [pairs.figure("processor time per update, beside bare aiogram", "ms")]


async def _run(causes: Sequence[Cause]) -> None:
    for make in causes:
        await make()


def _milliseconds_each(started: float) -> float:
    return (process_time() - started) / UPDATES * 1000


def _one_handler() -> Dispatcher:
    async def handle(_query: CallbackQuery) -> None:
        """The least that a handler can do."""

    router = Router()
    router.callback_query.register(handle)
    dispatcher = Dispatcher(disable_fsm=True)
    dispatcher.include_router(router)
    return dispatcher
