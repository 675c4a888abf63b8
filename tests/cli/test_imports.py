"""A command imports what it needs: its start is what an operator waits for."""

import subprocess
import sys
from inspect import cleandoc
from pathlib import Path

import pytest

from tests.e2e.fork_server import console_environment
from yabot.cli.commands import COMMANDS, load
from yabot.features import items, narrative

STORY = Path(narrative.__file__).with_name("stories") / "demo.yaml"
ITEMS = Path(items.__file__).with_name("catalogue") / "demo.yaml"

TELEGRAM = {"aiogram", "aiohttp"}
HTTP = {"fastapi", "uvicorn", "starlette", "prometheus_client"}
STORES = {"pymongo", "redis", "psycopg", "alembic"}
SETTINGS = {"pydantic_settings", "structlog"}

PROGRAM = """
import sys
from yabot.cli.main import main
try:
    main()
finally:
    print("imported:", *sys.modules)
"""


@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        (["--help"], {*TELEGRAM, *HTTP, *STORES, *SETTINGS, "sqlalchemy", "fluent", "yaml"}),
        (["story", "check", str(STORY)], {*TELEGRAM, *HTTP, *STORES, *SETTINGS}),
        (["items", "check", str(ITEMS)], {*TELEGRAM, *HTTP, *STORES, *SETTINGS, "sqlalchemy"}),
        (["audit", "ledger"], {*TELEGRAM, "fastapi", "uvicorn"}),
        (["dlq", "list"], {*TELEGRAM, "fastapi", "uvicorn"}),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, list) else "",
)
def test_what_a_command_does_not_need_is_not_imported(
    command: list[str], unneeded: set[str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command],
        cwd=tmp_path,
        env=console_environment(),
        capture_output=True,
        check=False,
        text=True,
    )
    *_, told = done.stdout.splitlines()
    assert told.startswith("imported: "), done.stderr
    assert {"yabot.cli.main", *unneeded} & set(told.split()) == {"yabot.cli.main"}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_the_command_says(name: str) -> None:
    assert cleandoc(load(name).help) == COMMANDS[name].help
