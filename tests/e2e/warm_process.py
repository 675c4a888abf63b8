"""The process that imports the program once, and forks for each who knocks one that forks programs.

It has imported nothing before somebody knocks, and ends with whoever has started it, who holds its
standard input. `fork_server.py` speaks to its forks, a line of JSON each way.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

# What is imported only when a program runs, and by each that does.
NEEDED_TO_RUN = (
    *("yabot.cli.main", "yabot.cli.arguments", "typer._adapters"),
    *("uvloop", "uvicorn.lifespan.off", "anyio._backends._asyncio"),
    *("pymongo.asynchronous.auth", "cryptography.hazmat.backends.openssl"),
)

_ended: dict[int, int] = {}
_running: set[int] = set()
# How the program that this process has become ended.
_exit_codes: list[int] = []


@atexit.register
def _leave() -> None:
    """The first that is registered is the last that is called: all that the program has to do at
    its end is done. What Python does behind that, to take down the heap, would only copy it here.
    """
    if _exit_codes:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_exit_codes[0])


def receive(door: socket.socket) -> str:
    """Returns only in a program's process: the module whose ``main`` it is."""
    is_warm = False
    while door in select.select([door, sys.stdin], [], [])[0]:
        guest, _ = door.accept()
        if not is_warm:
            _warm()
            is_warm = True
        if os.fork() == 0:
            os.setsid()
            door.close()
            with guest:
                for stream in (sys.stdin, sys.stdout):
                    os.dup2(guest.fileno(), stream.fileno())
            return _serve()
        guest.close()
    with suppress(ChildProcessError):
        while True:
            os.wait()
    sys.exit(0)


def _serve() -> str:
    for module in json.loads(sys.stdin.readline()):
        import_module(module)
    gc.freeze()  # a program need not look through, and so copy, what was imported before it
    for line in sys.stdin:
        question: dict[str, Any] = json.loads(line)
        if "wait_for" in question:
            code = _exit_code(question["wait_for"], question["seconds"])
            _answer({"exit_code": code})
            continue
        pid = os.fork()
        if pid == 0:
            return _become(question)
        _running.add(pid)
        _answer({"pid": pid})
    for pid in _running:
        os.kill(pid, signal.SIGKILL)
    sys.exit(0)


def _answer(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _exit_code(pid: int, seconds: float) -> int | None:
    if pid in _running:
        if not _ends_within(pid, seconds):
            return None
        _, status = os.waitpid(pid, 0)
        _running.discard(pid)
        _ended[pid] = os.waitstatus_to_exitcode(status)
    return _ended[pid]


def _ends_within(pid: int, seconds: float) -> bool:
    watched = os.pidfd_open(pid)
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)


def _become(order: dict[str, Any]) -> str:
    from tests.e2e import kill_points, moved_clock, patience
    from tests.e2e.stopwatch import measure_stopping

    os.setsid()
    folder = Path(order["folder"])
    os.chdir(folder)
    _redirect("/dev/null", 0, os.O_RDONLY)
    for name, descriptor in (("out", 1), ("err", 2)):
        _redirect(str(folder / name), descriptor, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["yabot", *order["argv"]]
    kill_points.watch(Path(order["kill_file"]))
    moved_clock.obey(folder)
    measure_stopping(folder)
    if order["patient"]:
        patience.be_patient()
    return str(order["module"])


def _redirect(path: str, descriptor: int, flags: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, descriptor)
    os.close(opened)


def _warm() -> None:
    """Imports what programs import, which is the slow part of a start, once for all of them."""
    from yabot.deferred_models import adapter, defer

    defer()

    from yabot.cli.commands import COMMANDS, load

    for command in COMMANDS:
        load(command)
    for part in ("startup", "bot", "worker", "playground"):
        import_module(f"yabot.app.{part}")
    for name in ("kill_points", "moved_clock", "patience", "stopwatch"):
        import_module(f"tests.e2e.{name}")
    for module in NEEDED_TO_RUN:
        import_module(module)
    from aiogram import methods, types

    from yabot.app.api import offered_on_paper
    from yabot.app.assembly import build_texts
    from yabot.app.features import FEATURES
    from yabot.features.narrative import feature as narrative
    from yabot.features.narrative.story import DEMO_FILE, demo_story, parse_story

    # Kept for whoever asks again: so every program has them from its start. The program itself
    # keeps no story that it has parsed: it needs the demo once.
    build_texts(FEATURES)
    # Models that every program would build for itself, of its API and of what it asks of Telegram.
    offered_on_paper(FEATURES)
    for model in (types.Message, types.User, types.WebhookInfo, methods.SendMessage):
        adapter(model)
    kept = cache(parse_story)
    kept(demo_story(), DEMO_FILE)
    vars(narrative)["parse_story"] = kept
    gc.freeze()


def _run(module: str) -> None:
    try:
        import_module(module).main()
    except SystemExit as ended:
        # A last sentence instead of a code is left to Python to say.
        if not isinstance(ended.code, str):
            _exit_codes.append(ended.code or 0)
        raise
    except Exception:
        _exit_codes.append(1)
        raise
    else:
        _exit_codes.append(0)


if __name__ == "__main__":
    _run(receive(socket.socket(fileno=int(sys.argv[1]))))
