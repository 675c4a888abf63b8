"""`yabot items`, and the items that a new bot comes with."""

import json
from pathlib import Path

import pytest

from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.features.items.things import FILE
from yabot.features.items.demo import demo_items
from yabot.features.items.file import parse_items
from yabot.features.items.shelf import Shelf
from yabot.storage.documents.store import DocumentStore


@pytest.fixture
def settings(mongodb_uri: str, mongo_database: str, redis_db: str) -> dict[str, str]:
    return {
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": mongo_database,
        "REDIS_URL": redis_db,
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "things.yaml"
    written.write_text(FILE, encoding="utf-8")
    return written


def yabot(new_program: NewProgram, settings: dict[str, str], *command: object) -> Program:
    program: Program = new_program("items", *map(str, command), name=str(command[0]), **settings)
    return program


async def test_they_go_in_and_come_out(
    new_program: NewProgram, settings: dict[str, str], file: Path, documents: DocumentStore
) -> None:
    came = yabot(new_program, settings, "import", file)
    assert came.run() == 0, came.errors
    assert came.said == "There are now 2 items, 1 for sale.\n"
    again = yabot(new_program, settings, "import", file, "--json")
    assert again.run() == 0, again.errors
    assert json.loads(again.said.splitlines()[-1]) == {"items": 2, "for_sale": 1}
    assert {item.item_id for item in await Shelf(documents).all()} == {"key", "crumb"}
    out = file.with_name("out.yaml")
    assert yabot(new_program, settings, "export", out).run() == 0
    assert parse_items(out.read_text(encoding="utf-8"), "out") == parse_items(FILE, "in")


async def test_dropping_has_to_be_said(
    new_program: NewProgram, settings: dict[str, str], file: Path, documents: DocumentStore
) -> None:
    await Shelf(documents).fill(demo_items())
    refused = yabot(new_program, settings, "import", file)
    assert refused.run() == 1
    assert "readers may own boat" in refused.errors
    assert yabot(new_program, settings, "import", file, "--drop").run() == 0
    assert len(await Shelf(documents).all()) == 2


def test_mistakes_are_named_without_a_store(new_program: NewProgram, file: Path) -> None:
    check = yabot(new_program, {}, "check", file)
    assert check.run() == 0
    assert check.said == f"{file}: 2 items, 1 for sale, no mistakes.\n"
    file.write_text(FILE.replace("price: 4", "price: x"), encoding="utf-8")
    broken = yabot(new_program, {}, "check", file)
    assert broken.run() == 1
    assert "things.yaml:7: items.key.price must be a whole number" in broken.errors
    nowhere = yabot(new_program, {}, "check", file.with_name("nowhere.yaml"))
    assert nowhere.run() == 1
    assert "cannot be read" in nowhere.errors


async def test_a_new_bot_has_the_demos_and_keeps_what_it_is_given(
    new_program: NewProgram, settings: dict[str, str], file: Path, documents: DocumentStore
) -> None:
    bot = new_program(**settings)
    bot.start()
    assert bot.stop() == 0
    by_id = {item.item_id: item for item in await Shelf(documents).all()}
    assert by_id == {item.item_id: item for item in demo_items()}
    assert yabot(new_program, settings, "import", file, "--drop").run() == 0
    bot.start()
    assert bot.stop() == 0
    assert {item.item_id for item in await Shelf(documents).all()} == {"key", "crumb"}
