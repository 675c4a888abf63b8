"""Figures 1 and 2: all that a change writes, one by one and 32 side by side."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.bare import BareChange, BareProgram, BareScript
from bench.causes import LANES, Change, Registration, StoryChoice
from bench.engines import Engines
from bench.figures import Figure, Target, alternate
from bench.program import following, prepared_program
from bench.samples import Sample

ROUNDS = 7
ONE_BY_ONE = 80
IN_EACH_LANE = 20


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
        _copy_tables(program.settings.sql.sqlite_path, path)
        return [
            await _one_by_one(engines, path, change, sample),
            await _side_by_side(engines, path, change, sample),
        ]


def _copy_tables(source: Path, target: Path) -> None:
    """The same tables and indexes on both sides."""
    query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'"
    with closing(sqlite3.connect(source)) as ours, closing(sqlite3.connect(target)) as bare:
        for (statement,) in ours.execute(query):
            bare.execute(statement)


async def _one_by_one(engines: Engines, path: Path, change: Change, sample: Sample) -> Figure:
    with closing(BareScript(engines, path)) as script:

        async def bare() -> float:
            changes = [change.next_bare(sample, 0) for _ in range(ONE_BY_ONE)]
            started = perf_counter()
            for one in changes:
                script.make(one)
            return (perf_counter() - started) / ONE_BY_ONE * 1000

        async def ours() -> float:
            causes = [change.next(0) for _ in range(ONE_BY_ONE)]
            started = perf_counter()
            for make in causes:
                await make()
            return (perf_counter() - started) / ONE_BY_ONE * 1000

        pairs = await alternate(bare, ours, ROUNDS)
    return pairs.figure(f"{change.name}, one by one", "ms", Target("at most", 2.5))


async def _side_by_side(engines: Engines, path: Path, change: Change, sample: Sample) -> Figure:
    program = BareProgram(engines, path)

    async def bare_lane(changes: list[BareChange]) -> None:
        for one in changes:
            await program.make(one)

    async def our_lane(causes: Sequence[Callable[[], Awaitable[Any]]]) -> None:
        for make in causes:
            await make()

    async def bare() -> float:
        lanes = [
            [change.next_bare(sample, lane) for _ in range(IN_EACH_LANE)] for lane in range(LANES)
        ]
        return await _milliseconds_each(map(bare_lane, lanes))

    async def ours() -> float:
        lanes = [[change.next(lane) for _ in range(IN_EACH_LANE)] for lane in range(LANES)]
        return await _milliseconds_each(map(our_lane, lanes))

    try:
        pairs = await alternate(bare, ours, ROUNDS)
    finally:
        await program.close()
    return pairs.figure(f"{change.name}, {LANES} side by side", "ms", Target("at most", 1.2))


async def _milliseconds_each(lanes: Iterable[Awaitable[None]]) -> float:
    started = perf_counter()
    await asyncio.gather(*lanes)
    return (perf_counter() - started) / (LANES * IN_EACH_LANE) * 1000
