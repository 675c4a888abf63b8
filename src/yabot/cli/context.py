"""What the commands share: the settings, and a way to run to the end."""

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Literal

import typer

from yabot.cli.standard_files import OutputLost
from yabot.observability.logging import configure_logging
from yabot.runtime.ending_signals import hear, hear_again
from yabot.runtime.event_loop import new_event_loop
from yabot.settings import ConfigManager, Settings

LOG_FILE = "yabot.log"
# The size at which a log file is put away; to stdlib, 0 means never.
NEVER_TURNED_OVER = 0


# How much of the log a command shows on standard error.
Shown = Literal["all", "warnings", "nothing"]


def load_settings(*, log: Shown = "warnings", without: Sequence[str] = ()) -> Settings:
    """Load the configuration, show its warnings, and set up logging; as if the variables
    ``without`` were not set. Raises ConfigurationError.

    A command answers on standard output, and logs only what needs a look, unless LOG_LEVEL asks for
    more. With ``nothing`` shown, the log goes to a file, by default in the data directory.
    """
    manager = ConfigManager({**os.environ, **dict.fromkeys(without, "")})
    settings = manager.load()
    log_as_configured(settings, log)
    for warning in manager.warnings():
        typer.echo(warning, err=True)
    return settings


def log_as_configured(settings: Settings, shown: Shown = "warnings") -> None:
    """Set up logging, as ``load_settings`` does it."""
    chosen = settings.logging
    if shown == "nothing" and chosen.file_path is None:
        chosen = chosen.model_copy(update={"file_path": settings.data_dir / LOG_FILE})
    if shown == "warnings":
        # A running program may have the same file, and would go on writing to the one put away.
        chosen = chosen.model_copy(update={"max_file_size": NEVER_TURNED_OVER})
    only_warnings = shown == "warnings" and "level" not in chosen.model_fields_set
    configure_logging(
        chosen,
        settings.secrets(),
        terminal=shown != "nothing",
        least=logging.WARNING if only_warnings else logging.NOTSET,
    )


def run_until_signalled(
    serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]],
    new_loop: Callable[[], asyncio.AbstractEventLoop] = new_event_loop,
    on_signal: Callable[[], None] = lambda: None,
) -> None:
    """``serve`` gets the event that SIGTERM, SIGHUP and Ctrl+C set; each calls ``on_signal``."""
    runner = asyncio.Runner(loop_factory=new_loop)
    loop, stop = runner.get_loop(), asyncio.Event()

    def heard() -> None:
        on_signal()
        # A signal must not break off the loop's wait for its threads at the end, either.
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)

    before = hear(heard)
    try:
        with runner:
            runner.run(serve(stop))
    finally:
        hear_again(before)


def tell(line: str) -> None:
    """A line for the person who has started a program that goes on; it may get lost."""
    with suppress(OutputLost):
        typer.echo(line)
