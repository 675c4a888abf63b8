import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from textwrap import dedent

import pytest

from yabot.runtime.background import Background


@dataclass
class Door:
    """Says what happened to it; fails as often as it is told to."""

    failures: int = 0
    said: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Door"]:
        if self.failures:
            self.failures -= 1
            raise OSError("locked")
        self.said.append("opened")
        yield self
        self.said.append("closed")

    async def tell(self, word: str) -> str:
        await asyncio.sleep(0)
        self.said.append(word)
        return threading.current_thread().name

    async def refuse(self) -> None:
        raise ValueError("no")


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def background(door: Door) -> Iterator[Background[Door]]:
    made = Background(door.open)
    yield made
    made.close()


def test_opens_once_and_closes_behind_the_last_call(
    background: Background[Door], door: Door
) -> None:
    assert background.call(lambda door: door.tell("one")) == "background"
    background.call(lambda door: door.tell("two"))
    background.close()
    assert door.said == ["opened", "one", "two", "closed"]


def test_many_threads_call_at_once(background: Background[Door], door: Door) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: background.call(lambda door: door.tell(f"{n}")), range(200)))
    assert sorted(door.said[1:], key=int) == [str(n) for n in range(200)]
    assert door.said[0] == "opened"


def test_passes_on_what_goes_wrong(background: Background[Door]) -> None:
    with pytest.raises(ValueError, match="no"):
        background.call(lambda door: door.refuse())


def test_a_later_call_opens_what_could_not_be_opened(
    background: Background[Door], door: Door
) -> None:
    door.failures = 1
    with pytest.raises(OSError, match="locked"):
        background.call(lambda door: door.tell("in vain"))
    background.call(lambda door: door.tell("here"))
    assert door.said == ["opened", "here"]


async def test_can_be_called_where_a_loop_runs(background: Background[Door], door: Door) -> None:
    background.call(lambda door: door.tell("inside"))
    assert door.said == ["opened", "inside"]


@pytest.mark.standard
def test_is_opened_once_more_in_a_forked_process() -> None:
    said = _run(
        """
        background.call(lambda door: door.tell("parent"))
        if (child := os.fork()) == 0:
            background.call(lambda door: door.tell("child"))
            background.close()
            print(door.said, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
        """
    )
    assert said == "['opened', 'parent', 'opened', 'child', 'closed']"


@pytest.mark.standard
def test_is_closed_before_the_process_ends() -> None:
    said = _run(
        """
        class Telling(Door):
            @asynccontextmanager
            async def open(self):
                kept = threading.Event()
                threading.Thread(target=kept.wait).start()
                yield self
                # As databases do: by a thread, and in a thread.
                await asyncio.to_thread(kept.set)
                print("closed", flush=True)

        background = Background(Telling().open)
        background.call(lambda door: door.tell("hello"))
        """
    )
    assert said == "closed"


def _run(program: str) -> str:
    beginning = "\n".join(
        (
            "import asyncio, os, threading",
            "from contextlib import asynccontextmanager",
            "from tests.runtime.test_background import Door",
            "from yabot.runtime.background import Background",
            "door = Door()",
            "background = Background(door.open)",
        )
    )
    ran = subprocess.run(
        [sys.executable, "-c", beginning + dedent(program)],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()
