"""The console script ``yabot``."""

import os
import signal
import sys
from contextlib import suppress
from shutil import get_terminal_size

from yabot.cli.standard_files import OutputLost, make_sound
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
            _tell_programs(error)
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the interpreter would print what it quotes
        sys.stderr.write(f"{traceback_text(error)}\n")
        sys.exit(1)


def _prepare() -> None:
    defer()
    make_sound()
    leave_nothing_to_others()
    if get_terminal_size().columns < FRAMED_FROM:
        os.environ.setdefault("TYPER_USE_RICH", "0")
    if SERVERS.intersection(sys.argv[1:2]):
        _end_when_told()


def _end_when_told() -> None:
    """From the beginning: the event loop listens to signals only once all has been read."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))


def _tell_programs(error: YabotError) -> None:
    """What the sentence on standard error says, on the output that a program reads."""
    from yabot.cli.showing import print_json

    with suppress(OutputLost):
        print_json({"error": {"code": error.code, "reasons": str(error).splitlines()}})
