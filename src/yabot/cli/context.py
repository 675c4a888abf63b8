"""What the commands share: the settings, and a way to run to the end."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import typer

from yabot.observability.handlers import tell_loops_errors
from yabot.observability.logging import configure_logging
from yabot.runtime.event_loop import new_event_loop
from yabot.runtime.stopping import until_signalled
from yabot.settings import ConfigManager, Settings

LOG_FILE = "yabot.log"


def load_settings(*, log_to_file: bool = False, without: Sequence[str] = ()) -> Settings:
    """The configuration, its warnings told, logging set up; as if the variables ``without`` were
    not set. Raises ConfigurationError.

    With ``log_to_file`` the terminal is left to people: lines go to the log's file, which is in the
    data directory where the settings name none.
    """
    manager = ConfigManager({**os.environ, **dict.fromkeys(without, "")})
    settings = manager.load()
    chosen = settings.logging
    if log_to_file and chosen.file_path is None:
        chosen = chosen.model_copy(update={"file_path": settings.data_dir / LOG_FILE})
    configure_logging(chosen, settings.secrets(), terminal=not log_to_file)
    for warning in manager.warnings():
        typer.echo(warning, err=True)
    return settings


def run_until_signalled(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        tell_loops_errors(asyncio.get_running_loop())
        await until_signalled(serve)

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())
