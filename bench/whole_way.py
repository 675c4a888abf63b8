"""Figures 1 and 2: all that a change writes, one by one and 32 side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import closing
from time import perf_counter
from typing import Any

from bench.bare import BareChange, BareProgram, BareScript, copy_tables
from bench.causes import LANES, Change, Registration, StoryChoice
from bench.engines import Engines
from bench.figures import Figure, Pairs, Target, alternate
from bench.program import following, prepared_program
from bench.samples import Sample

ROUNDS = 7
ONE_BY_ONE = 60
IN_EACH_LANE = 20
# A change that never arrives is a fault: see the log in the benchmark's folder.
PATIENCE = 60.0


async def update_figures(engines: Engines) -> list[Figure]:
    return await _figures(engines, StoryChoice)


async def create_user_figures(engines: Engines) -> list[Figure]:
    return await _figures(engines, Registration)


async def _figures(engines: Engines, kind: type[Change]) -> list[Figure]:
    name = f"bench_{kind.last_event}"
    async with (
        prepared_program(engines, name, kind.last_event) as program,
        following(program),
    ):
        change = kind(program)
        sample = await change.prepare()
        path = engines.folder / f"{name}_bare.db"
        copy_tables(program.settings.sql.sqlite_path, path)
        with closing(BareScript(engines, path)) as script:
            blocking = await _beside_a_script(script, change, sample)
        async with BareProgram(engines, path) as bare:
            alone = await _beside_a_program(bare, change, sample, 1, ONE_BY_ONE)
            together = await _beside_a_program(bare, change, sample, LANES, IN_EACH_LANE)
    return [
        alone.figure(f"{kind.name}, one by one", "ms", Target("at most", 2.5)),
        together.figure(f"{kind.name}, {LANES} side by side", "ms", Target("at most", 1.2)),
        blocking.figure(f"{kind.name}, beside a blocking script", "ms"),
    ]


async def _beside_a_program(
    bare: BareProgram, change: Change, sample: Sample, lanes: int, each: int
) -> Pairs:
    async def by_hand() -> float:
        plan = [[change.next_bare(sample, lane) for _ in range(each)] for lane in range(lanes)]
        return await _milliseconds_each([_make_all(bare, changes) for changes in plan], each)

    async def ours() -> float:
        plan = [[change.next(lane) for _ in range(each)] for lane in range(lanes)]
        return await _milliseconds_each([_run_all(causes) for causes in plan], each)

    return await alternate(by_hand, ours, ROUNDS)


async def _beside_a_script(script: BareScript, change: Change, sample: Sample) -> Pairs:
    async def by_hand() -> float:
        changes = [change.next_bare(sample, 0) for _ in range(ONE_BY_ONE)]
        started = perf_counter()
        for one in changes:
            script.make(one)
        return (perf_counter() - started) / ONE_BY_ONE * 1000

    async def ours() -> float:
        causes = [change.next(0) for _ in range(ONE_BY_ONE)]
        return await _milliseconds_each([_run_all(causes)], ONE_BY_ONE)

    return await alternate(by_hand, ours, ROUNDS)


async def _make_all(bare: BareProgram, changes: Sequence[BareChange]) -> None:
    for change in changes:
        await bare.make(change)


async def _run_all(causes: Sequence[Callable[[], Awaitable[Any]]]) -> None:
    for make in causes:
        await make()


async def _milliseconds_each(lanes: Sequence[Coroutine[Any, Any, None]], each: int) -> float:
    started = perf_counter()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*lanes)
    return (perf_counter() - started) / (len(lanes) * each) * 1000
