"""The console script ``yabot``.

Installs signal handlers before it imports the rest, which takes a while.
"""

import os
import sys
from typing import TYPE_CHECKING

from yabot.runtime.ending_signals import INTERRUPTED, hear, hear_no_more
from yabot.runtime.last_resort import last_resort
from yabot.runtime.stacks import show_when_asked

if TYPE_CHECKING:
    from yabot.errors import YabotError

# On fewer columns the help has no frames, which would leave no room for the names of options.
FRAMED_FROM = 64
# Commands that run until they are told to end; a signal is their normal end.
SERVERS = frozenset(("run", "playground"))


def main() -> None:
    """Every foreseeable mistake becomes a sentence on standard error, and an exit code."""
    if not SERVERS.intersection(sys.argv[1:2]):
        try:
            _run()
        except KeyboardInterrupt:
            # The exit code says that the command was not done.
            sys.exit(INTERRUPTED)
        return
    # From the beginning: the event loop, which handles signals later, only follows the imports.
    hear(sys.exit)
    show_when_asked()
    last_resort.stand_by()
    try:
        _run()
    except SystemExit as ended:
        last_resort.end_at_last(ended.code)
        raise
    finally:
        hear_no_more()


def _run() -> None:
    from yabot.deferred_models import defer

    defer()
    from yabot.error_text import traceback_text
    from yabot.errors import YabotError
    from yabot.machine_limits import machine_limits_told

    try:
        with machine_limits_told():
            _prepare()
            from yabot.cli.arguments import require_plain
            from yabot.cli.commands import app

            require_plain(sys.argv[1:])
            app()
    except YabotError as error:
        if "--json" in sys.argv[1:]:
            _tell_programs(error)
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - the interpreter would print what it quotes
        sys.stderr.write(f"{traceback_text(error)}\n")
        sys.exit(1)


def _prepare() -> None:
    from shutil import get_terminal_size

    from yabot.cli.standard_files import make_sound
    from yabot.private_files import leave_nothing_to_others

    make_sound()
    leave_nothing_to_others()
    if get_terminal_size().columns < FRAMED_FROM:
        os.environ.setdefault("TYPER_USE_RICH", "0")


def _tell_programs(error: "YabotError") -> None:
    """Print the error as JSON on standard output, for programs."""
    from contextlib import suppress

    from yabot.cli.showing import print_json
    from yabot.cli.standard_files import OutputLost

    with suppress(OutputLost):
        print_json({"error": {"code": error.code, "reasons": str(error).splitlines()}})
