"""How far one press of a button goes through our code until it is committed."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from aiogram.types import Update

import yabot
from bench.causes import StoryChoice
from bench.engines import Engines
from bench.figures import Figure, Target
from bench.program import Program, prepared_program
from yabot.log.commit_log import Committed

SOURCE = str(Path(yabot.__file__).parent)
# Calls and files of one press: what somebody who follows it has to read.
MOST_CALLS = 400
MOST_FILES = 30
WARM_UP = 20
PATIENCE = 60.0


@dataclass(slots=True)
class Route:
    """Calls of our functions in their order, by file; in all threads, while it ``is_on``."""

    is_on: bool = False
    files: list[str] = field(default_factory=list)
    # Kept, so that no later call has the same one. A coroutine that goes on is no new call.
    _frames: set[FrameType] = field(default_factory=set)

    def note(self, frame: FrameType, event: str, _argument: object) -> None:
        if not self.is_on or event != "call" or frame in self._frames:
            return
        file = frame.f_code.co_filename
        if file.startswith(SOURCE):
            self._frames.add(frame)
            self.files.append(file)

    @property
    def moves(self) -> list[str]:
        """The files one after another, each as long as it takes calls."""
        return [
            here
            for before, here in zip(["", *self.files], self.files, strict=False)
            if before != here
        ]

    @property
    def there_and_back(self) -> int:
        moves = self.moves
        return sum(a == c for a, c in zip(moves, moves[2:], strict=False))


async def route_figures(engines: Engines) -> list[Figure]:
    route = Route()
    with _watching(route):
        async with prepared_program(engines, "bench_route") as program:
            await _follow_one_press(program, route)
    return [
        _figure("one press until its commit: calls", len(route.files), MOST_CALLS),
        _figure("… files", len(set(route.files)), MOST_FILES),
        Figure("… moves between files", "", len(route.moves) - 1),
        Figure("… of these there and back", "", route.there_and_back),
    ]


def _figure(name: str, found: int, most: int) -> Figure:
    return Figure(name, "", found, targets=(Target("at most", most, absolute=True),))


@contextmanager
def _watching(route: Route) -> Iterator[None]:
    """This thread, and those that begin meanwhile."""
    threading.setprofile(route.note)
    sys.setprofile(route.note)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


async def _follow_one_press(program: Program, route: Route) -> None:
    change = StoryChoice(program)
    committed = asyncio.Event()

    def end(_committed: Committed) -> None:
        route.is_on = False
        committed.set()

    program.services.commits.followers.append(end)
    reader = change.readers[0]

    async def send(update: Update) -> None:
        committed.clear()
        for fresh in await program.intake.store([program.incoming(update)]):
            program.processor.submit(fresh)
        async with asyncio.timeout(PATIENCE):
            await committed.wait()
        await program.processor.lanes.drain(PATIENCE)

    await send(reader.says("/story"))
    for _ in range(WARM_UP):
        await send(reader.goes_on())
    press = reader.goes_on()
    route.is_on = True
    await send(press)
