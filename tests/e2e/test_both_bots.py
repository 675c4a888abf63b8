"""The old bot and this one at work beside each other, on the old one's file."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.invariants import settle
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import Reader, buttons, readers
from tests.features.legacy import old_bot
from tests.features.legacy.old_bot import OldBot, OldProfile
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

STEPS = [
    KillPoint("commit", "INSERT INTO legacy_waiting"),
    KillPoint("log", "legacy.claimed"),
    KillPoint("log", "legacy.prepared"),
    KillPoint("log", "legacy.written"),
    KillPoint("sql", "UPDATE legacy_users"),
    KillPoint("commit", "UPDATE legacy_users"),
]


@dataclass(frozen=True)
class Beside:
    program: Program
    old: OldBot

    def entry(self, reader: Reader) -> OldProfile:
        """What stands in the file; nothing while it is being written."""
        try:
            found: OldProfile = json.loads(self.old.path.read_text())
        except ValueError:
            return {}
        return dict(found.get(str(reader.user_id), {}))

    def has_here(self, reader: Reader) -> int:
        query = "SELECT balance FROM accounts WHERE user_id = ?"
        return int(self.program.stores.value(query, str(reader.user_id)) or 0)

    def earns_there(self, reader: Reader, amount: int) -> None:
        profile = self.old.get_user_profile(reader.user_id)
        profile["kisses"] += amount
        self.old.save_user_profile(profile)

    def has_total(self, reader: Reader, kisses: int) -> bool:
        """On both sides, and nothing is left to be written of what has been done so far."""
        there = self.entry(reader).get("kisses")
        return there == kisses == self.has_here(reader) and self.is_written()

    def is_written(self) -> bool:
        waiting = "SELECT count(*) FROM legacy_waiting"
        pending = "SELECT count(*) FROM legacy_users WHERE waits OR writing IS NOT NULL"
        stores = self.program.stores
        return not (stores.value(waiting) or stores.value(pending))

    def has_handled(self, updates: int) -> bool:
        """So many have come, and had their effect."""
        done = "SELECT count(*) FROM updates WHERE state = 'done'"
        return bool(self.program.stores.value(done) == updates)

    def has_collided(self) -> bool:
        """The next round tells it, and not the one in which it happened."""
        return bool(self.program.logged("legacy.write_collided"))

    @contextmanager
    def working_there(self, reader: Reader, turns: int) -> Iterator[list[int]]:
        """The old bot in a process of its own; in the end, what the reader has gained by it."""
        command = (sys.executable, "-m", old_bot.__name__, str(self.old.path))
        told = ("--readers", str(reader.user_id), "--turns", str(turns), "--seed", "3")
        with subprocess.Popen([*command, *told], stdout=subprocess.PIPE, text=True) as process:
            gained: list[int] = []
            yield gained
            said, _ = process.communicate()
        gained.append(int(json.loads(said).get(str(reader.user_id), 0)))


@pytest.fixture
def beside(new_program: NewProgram, bot_settings: dict[str, str], tmp_path: Path) -> Beside:
    """It does not run yet."""
    old = OldBot(tmp_path / "db.json")
    old.path.write_text("{}")
    return Beside(new_program(**bot_settings, LEGACY_DB_PATH=str(old.path)), old)


@pytest.mark.criterion("5.4.3")
async def test_both_bots_serve_one_reader(telegram: Program, beside: Beside) -> None:
    async with readers(telegram.url, "Ana") as (ana,):
        beside.earns_there(ana, 20)
        program = beside.program
        program.start()
        wait_until(lambda: bool(program.logged("legacy.followed")))
        await ana.ask("/start")
        wait_until(lambda: beside.has_here(ana) == 25)
        with beside.working_there(ana, 40) as gained:
            (page,) = await ana.ask("/story")
            await ana.client.react(ana.user_id, page["message_id"], "❤")
            wait_until(lambda: beside.has_here(ana) != 25)
        wait_until(lambda: beside.has_collided() or beside.has_total(ana, 25 + 1 + gained[0]))
        wait_until(lambda: beside.entry(ana).get("first_name") == "Ana")
        choice = next(data for data in buttons((await ana.answers())[-1]) if data[:2] == "c:")
        await ana.press(choice)
        _, fragment, chosen = choice.split(":")
        wait_until(lambda: beside.entry(ana).get("narrative_choices", {}).get(fragment) == chosen)

        wait_until(beside.is_written)
        whole = beside.old.path.read_text()
        beside.old.path.write_text(whole[:-30])
        await ana.press(next(d for d in buttons((await ana.answers())[-1]) if d[:2] == "c:"))
        wait_until(lambda: status(program) == "degraded")
        beside.old.path.write_text(whole)
        wait_until(lambda: status(program) == "ok")

        await ana.ask("/forget")
        await ana.press("forget:yes")
        wait_until(lambda: beside.entry(ana) == {} and beside.old.path.read_text() == "{}")


@pytest.mark.criterion("5.4.3")
async def test_a_kill_at_any_step_of_a_write_doubles_nothing(
    telegram: Program, beside: Beside
) -> None:
    async with readers(telegram.url, "Ana") as (ana,):
        program = beside.program
        program.start()
        total = 0
        await ana.ask("/start")
        await ana.ask("/story")
        # The old bot knows no lock: what it writes while the program does may be lost.
        wait_until(partial(beside.has_total, ana, total))
        for n, point in enumerate(STEPS, start=1):
            program.arm(point)
            beside.earns_there(ana, n)
            total += n
            await ana.touch(next(d for d in buttons((await ana.answers())[-1]) if d[:2] == "c:"))
            assert program.exit_code() == -9, point
            # The old bot goes on meanwhile.
            beside.earns_there(ana, 10 * n)
            total += 10 * n
            program.start()
            # What killed it may have been the old bot's earning, before the press had come.
            wait_until(partial(beside.has_handled, 2 + n))
            settle(program.stores)
            wait_until(partial(beside.has_total, ana, total))


def status(program: Program) -> str:
    return str(program.health("ready")[1]["components"]["legacy"]["status"])
