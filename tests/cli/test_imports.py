"""A command imports what it needs: its start is what an operator waits for."""

import subprocess
import sys
from inspect import cleandoc
from pathlib import Path

import psutil
import pytest

from tests.e2e.fork_server import console_environment
from tests.ports import free_port
from tests.waiting import PATIENCE
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "unneeded"),
    [
        (["--help"], {*TELEGRAM, *HTTP, *STORES, *SETTINGS, "sqlalchemy", "fluent", "yaml"}),
        (["story", "check", str(STORY)], {*TELEGRAM, *HTTP, *STORES, *SETTINGS}),
        (["items", "check", str(ITEMS)], {*TELEGRAM, *HTTP, *STORES, *SETTINGS, "sqlalchemy"}),
        (["audit", "ledger"], {*TELEGRAM, "fastapi", "uvicorn"}),
        (["dlq", "list"], {*TELEGRAM, "fastapi", "uvicorn"}),
        (["service", "list"], {*TELEGRAM, "fastapi", "uvicorn"}),
        (["token", "rotate"], {*TELEGRAM, "fastapi", "uvicorn", "psycopg", "alembic"}),
        (["workflows", "list"], {*TELEGRAM, "fastapi", "uvicorn"}),
        (["groups", "list"], {*TELEGRAM, "fastapi", "uvicorn"}),
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


ENGINES_BEFORE_THE_REST = f"""
import sys, threading
from yabot.cli.main import main

started = threading.Semaphore(0)

def watch(event, arguments):
    if event == "subprocess.Popen":
        started.release()
        print("all imported:", "yabot.app.bot" in sys.modules, flush=True)
    if event == "import" and arguments[0] == "yabot.app.bot":
        # Until then the engines have to have been started: they do not wait for what is imported.
        for _ in range(2):
            started.acquire(timeout={PATIENCE})

sys.addaudithook(watch)
main()
"""


@pytest.mark.slow
def test_the_engines_start_before_the_rest_is_imported(tmp_path: Path) -> None:
    """Of which the bot's role is the last. They are ended when the program is, in the middle."""
    settings = {"API_PORT": str(free_port()), "PLAYGROUND_PORT": str(free_port())}
    process = subprocess.Popen(
        [sys.executable, "-c", ENGINES_BEFORE_THE_REST, "run"],
        cwd=tmp_path,
        env=console_environment() | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["all imported: False\n"] * 2
        engines = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    # Beside each engine stands whoever watches it; that one goes behind it.
    _, left = psutil.wait_procs(engines, timeout=PATIENCE)
    assert left == []


@pytest.mark.slow
def test_a_role_imports_what_it_needs() -> None:
    program = (
        "import sys\n"
        "from yabot.deferred_models import defer\n"
        "defer()  # as the program does\n"
        "import yabot.app.worker\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    others = {"yabot.app.bot", "yabot.bot.role", "yabot.playground", "fastapi", "uvicorn"}
    assert not others & set(done.stdout.decode().split())
