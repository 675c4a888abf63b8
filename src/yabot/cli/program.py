"""`yabot run`: the program, until it is stopped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from yabot.app.application import ALL_ROLES, BotApplication, Role
from yabot.cli.context import load_settings, run_until_signalled, tell
from yabot.cli.starting import told_in_log
from yabot.runtime.importing import end_in_spite_of_imports
from yabot.runtime.last_resort import last_resort

if TYPE_CHECKING:
    from yabot.feature import Feature


def run(
    role: Annotated[
        list[str] | None, typer.Option(help="bot, api or worker; may repeat. None means all.")
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", help="At a terminal: log to a file, say what to open. Elsewhere: nothing."
        ),
    ] = False,
) -> None:
    """Run the bot. In development, without BOT_TOKEN, with a playground to try it in."""
    roles, quiet = _roles(role or []), quiet and sys.stderr.isatty()
    with told_in_log():
        settings = load_settings(log="nothing" if quiet else "all")
        if quiet:
            tell("Starting…")
        announce = _guide if quiet else tell
        application = BotApplication(settings, _features, roles, announce)
        run_until_signalled(application.serve, on_signal=last_resort.end_at_last)
        end_in_spite_of_imports()


def _guide(line: str) -> None:
    """Print the line; below the playground's address, also what to do there."""
    if not line.startswith("Play at"):
        tell(line)
        return
    tell(f"\n{line}\n")
    tell("Open it in a browser, give yourself a name, and press Start, then Read.")
    tell("Ctrl+C here ends it. With `make play LOG=1` the log is shown here, too.")


def _features() -> Sequence[Feature]:
    from yabot.app.features import FEATURES

    return FEATURES


def _roles(names: list[str]) -> frozenset[Role]:
    wrong = [name for name in names if name not in get_args(Role)]
    if wrong:
        raise typer.BadParameter(f"'{wrong[0]}' is no role; they are bot, api and worker")
    return frozenset(role for role in get_args(Role) if role in names) or ALL_ROLES
