"""The console script ``yabot``."""

import json
import os
import signal
import sys
from pathlib import Path
from shutil import get_terminal_size

from yabot.deferred_models import defer
from yabot.error_text import traceback_text
from yabot.errors import YabotError
from yabot.private_files import leave_nothing_to_others

# On fewer columns, frames leave no room for the names of options; without them, help has it.
FRAMED_FROM = 64
# They run until they are told to end, and have then done what they had to.
SERVERS = frozenset(("run", "playground"))


def main() -> None:
    """Every foreseeable mistake is a sentence on standard error, and an exit code."""
    _prepare()
    try:
        # Here, because it takes a while: Ctrl+C may come before it is done.
        from yabot.cli.arguments import require_plain
        from yabot.cli.commands import app

        require_plain(sys.argv[1:])
        app()
    except YabotError as error:
        if "--json" in sys.argv[1:]:
            sys.stdout.write(_for_programs(error))
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(0)
    except SystemExit as ended:
        # Whoever closes the pipe has read enough of a help: `yabot --help | head -1`.
        if "--help" in sys.argv[1:] and isinstance(ended.__context__, BrokenPipeError):
            sys.exit(0)
        raise
    except Exception as error:  # noqa: BLE001 - the interpreter would print what it quotes
        sys.stderr.write(f"{traceback_text(error)}\n")
        sys.exit(1)


def _prepare() -> None:
    defer()
    _open_missing()
    leave_nothing_to_others()
    if get_terminal_size().columns < FRAMED_FROM:
        os.environ.setdefault("TYPER_USE_RICH", "0")
    if SERVERS.intersection(sys.argv[1:2]):
        _end_when_told()


def _open_missing() -> None:
    """A standard file that was closed: Python has none there, and the next file that is opened,
    a database for one, would take its number and what is written to it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            opened = Path(os.devnull).open(mode)  # noqa: SIM115 - for good
            os.set_inheritable(opened.fileno(), True)
            setattr(sys, name, opened)


def _end_when_told() -> None:
    """From the beginning: the event loop listens to signals only once all has been read."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))


def _for_programs(error: YabotError) -> str:
    """What the sentence on standard error says, on the output that a program reads."""
    told = {"code": error.code, "reasons": str(error).splitlines()}
    return json.dumps({"error": told}, ensure_ascii=False) + "\n"
