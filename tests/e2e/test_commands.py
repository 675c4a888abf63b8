"""The other commands, beside a program that runs on embedded engines."""

import asyncio
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.fork_server import ForkServer
from tests.e2e.invariants import settle
from tests.e2e.player import scenes
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.reader import buttons, readers
from tests.ports import free_port
from tests.storage.fixtures import PostgresServer
from tests.waiting import wait_until
from yabot.features.narrative.library import FRESH_FOR
from yabot.features.narrative.story.demo import demo_story

# Each starts a program, and commands.
pytestmark = pytest.mark.slow

SHORT_STORY = """
story: short
languages: [es, en]
start: gate
fragments:
  gate:
    title: {es: La verja, en: The gate}
    content: {es: Chirría., en: It creaks.}
    choices:
      - {id: enter, text: {es: Entrar, en: Enter}, next: garden}
  garden:
    title: {es: El jardín, en: The garden}
    content: {es: Huele a menta., en: It smells of mint.}
    ending: true
"""


Beside = Callable[..., Program]


@pytest.fixture(scope="module")
def at_work(forks: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    program = Program(forks, tmp_path_factory.mktemp("at-work"))
    program.start()
    yield program
    program.end()


@pytest.fixture
def beside(new_program: NewProgram, at_work: Program) -> Beside:
    """Makes commands that work on the data of the running program."""

    def make(*command: str) -> Program:
        name = f"command-{next(_numbers)}"
        return new_program(*command, name=name, YABOT_DATA_DIR=str(at_work.data))

    return make


@pytest.fixture
def import_story(beside: Beside, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Imports a story into the running program, whose own it gets back afterwards."""

    def run_import(story: str, *options: str, code: int = 0) -> Program:
        command = beside("story", "import", *options, _file(tmp_path, "story", story))
        assert command.run() == code
        return command

    yield run_import
    told = json.loads(run_import(demo_story(), "--begin-again", "--json").said)
    time.sleep(FRESH_FOR)  # what an import may go unseen
    assert told["languages"] == ["es", "en"]
    assert told["unproved"] == []


_numbers = count()


def test_doctor_finds_nothing_wrong_and_a_redis_that_is_not_there(
    beside: Beside, new_program: NewProgram
) -> None:
    healthy = beside("doctor", "--json")
    assert healthy.run() == 0
    assert {check["state"] for check in json.loads(healthy.said)} <= {"ok", "off"}

    ill = new_program("doctor", REDIS_URL=f"redis://:hush-hush@127.0.0.1:{free_port()}")
    assert ill.run() == 1
    assert "check REDIS_URL" in ill.said
    assert "hush-hush" not in ill.said + ill.errors


def test_db_upgrade_makes_the_tables(new_program: NewProgram) -> None:
    program = new_program("db", "upgrade")
    assert program.run() == 0
    assert program.said == "The tables are those of this version.\n"
    again = new_program("db", "upgrade", "--json")
    assert again.run() == 0
    assert json.loads(again.said.splitlines()[-1]) == {"tables": "current"}
    with closing(sqlite3.connect(program.data / "yabot.db")) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert {"user_profiles", "subscriptions", "updates"} <= names


def test_with_postgresql_no_folder_is_made_for_sqlite(
    new_program: NewProgram, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    database, unused = postgres_server.create(), tmp_path / "unused"
    url = postgres_server.url_of(database).replace("+psycopg", "")
    places = {"DATABASE_URL": url, "SQLITE_DATABASE_PATH": str(unused / "yabot.db")}
    assert new_program("db", "upgrade", **places).run() == 0
    assert not unused.exists()
    postgres_server.drop(database)


def test_story_check_names_every_mistake_by_line(new_program: NewProgram, tmp_path: Path) -> None:
    broken = SHORT_STORY.replace("next: garden", "next: gardn").replace("en: The gate", "fr: Non")
    right, wrong = _file(tmp_path, "right", SHORT_STORY), _file(tmp_path, "wrong", broken)
    good = new_program("story", "check", right, name="good")
    assert good.run() == 0
    assert "2 fragments in es, en, no mistakes." in good.said
    bad = new_program("story", "check", wrong, name="bad")
    assert bad.run() == 1
    assert all(re.match(r"wrong\.yaml:\d+", line) for line in bad.sentences)
    assert any("gardn" in line for line in bad.sentences)


async def test_readers_see_an_import_without_a_restart(
    beside: Beside,
    at_work: Program,
    import_story: Callable[..., Program],
    tmp_path: Path,
) -> None:
    async with readers(at_work.url, "Lucía") as (reader,):
        await reader.ask("/start")
        await reader.ask("/story")
        imported = import_story(
            demo_story().replace("es: La calle del puerto", "es: La calle del mar")
        )
        assert "Readers now see 'half_a_sentence'" in imported.said
        await asyncio.sleep(FRESH_FOR)  # what an import may go unseen
        (shown,) = await reader.press("c:letter:coat")
        assert shown["text"].startswith("La calle del mar")

        exported = tmp_path / "exported.yaml"
        assert beside("story", "export", str(exported)).run() == 0
        assert "La calle del mar" in exported.read_text(encoding="utf-8")
        assert beside("story", "check", str(exported)).run() == 0


async def test_an_import_that_strands_readers_is_refused(
    at_work: Program, import_story: Callable[..., Program]
) -> None:
    async with readers(at_work.url, "Lucía") as (reader,):
        await reader.ask("/start")
        await reader.ask("/story")
        refused = import_story(SHORT_STORY, code=1)
        assert refused.said == ""
        (sentence,) = refused.sentences
        assert "letter" in sentence
        assert "moved" in sentence
        await asyncio.sleep(FRESH_FOR)
        (shown,) = await reader.press("c:letter:coat")
        assert buttons(shown)

        assert "Readers now see 'short'" in import_story(SHORT_STORY, "--begin-again").said
        await asyncio.sleep(FRESH_FOR)
        await reader.press("c:street:alley")
        (shown,) = await reader.press("story")
        assert shown["text"].startswith("La verja")
        assert len(scenes(await reader.chat())) == 1


async def test_events_tail_shows_events_as_they_happen(beside: Beside, at_work: Program) -> None:
    async with readers(at_work.url, "Lucía", "Mateo") as (lucia, mateo):
        everything, one = (
            beside("events", "tail", "--json"),
            beside("events", "tail", "--user", str(lucia.user_id)),
        )
        for tail in (everything, one):
            tail.launch()
        wait_until(lambda: _listeners(at_work) >= 3)  # the playground's page listens too
        await lucia.ask("/start")
        await mateo.ask("/start")
        settle(at_work.stores)
        hers = at_work.stores.stream(lucia.user_id)
        expected = [*hers, *at_work.stores.stream(mateo.user_id)]

        def told() -> list[Any]:
            """Of the readers: a store may be lost and come back meanwhile."""
            return [event for event in map(json.loads, everything.lines) if event.get("user_id")]

        wait_until(lambda: len(told()) == len(expected))
        by_id = {event["event_id"]: event for event in told()}
        assert by_id == {event["event_id"]: event for event in expected}
        wait_until(lambda: len(one.lines) == len(hers))
        assert "user_registered" in one.said
        assert everything.stop() == 0
        one.interrupt_group()
        assert one.exit_code() == 0


def _listeners(program: Program) -> int:
    (_, number), *_ = program.stores.redis.pubsub_numsub("user_registered")
    return int(number)


def _file(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)
