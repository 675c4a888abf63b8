"""`yabot legacy`: the way from the bot before this one, and back."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from yabot.runtime.ending_signals import INTERRUPTED

app = typer.Typer(no_args_is_help=True, help="Bring users from the bot before this one.")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback()
def group() -> None:
    """Bring users from the bot before this one."""


@app.command("import")
def import_store(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The old bot's db.json, or the SQLite database of the bot before it. Without one, "
            "LEGACY_DB_PATH.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would come of it, and change nothing.")
    ] = False,
    refuse_at_most: Annotated[
        float,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="With more users than these refused, all of it is taken back.",
        ),
    ] = 5.0,
    as_json: Json = False,
) -> None:
    """Bring the old bot's users here, also beside a running bot. Again, it brings what is new.

    It is verified, and rolled back by itself when that fails or more are refused than may be: exit
    1. At Ctrl+C exit 130: run it again to go on.
    """
    from yabot.cli.legacy.importing import import_until_stopped
    from yabot.cli.legacy.report import report_lines

    done = import_until_stopped(file, rehearsal=dry_run, refuse_at_most=refuse_at_most)
    _say(done.as_json() if as_json else report_lines(done))
    if done.stopped:
        raise typer.Exit(INTERRUPTED)
    if done.failure is not None:
        raise typer.Exit(1)


@app.command()
def verify(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The old bot's store. Without one, LEGACY_DB_PATH, or what was imported last.",
            show_default=False,
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="So many users of the old store, chosen at random; else all."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another one chooses other users.")] = 0,
    as_json: Json = False,
) -> None:
    """Hold the old store against this one, user by user, field by field. Exit 1 when they differ.

    Kisses, roles and dates are shown; of names and texts only that they differ.
    """
    from yabot.cli.legacy.verifying import verify_store

    found = verify_store(file, sample=sample, seed=seed)
    _say(found.as_json() if as_json else found.lines())
    if not found.is_clean:
        raise typer.Exit(1)


@app.command()
def complete(
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Whatever a verification would find.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Switch over: after a clean verification, the old store is neither read nor written any more.

    Exit 1 when the two sides differ; then nothing has changed.
    """
    from yabot.cli.legacy.switch import complete_migration, completion_lines

    done = complete_migration(unverified=unverified)
    if done is None:
        raise typer.Exit(INTERRUPTED)
    _say(done.as_json() if as_json else completion_lines(done))
    if done.until is None:
        raise typer.Exit(1)


@app.command()
def rollback(as_json: Json = False) -> None:
    """Go back to the old bot: its store gets all that has happened here since.

    Ended before its end, it goes on when it is run again, 130 at Ctrl+C.
    """
    from yabot.cli.legacy.back import rolled_back_lines
    from yabot.cli.legacy.switch import roll_back_migration

    done = roll_back_migration()
    if done is None:
        raise typer.Exit(INTERRUPTED)
    _say(done.counts() if as_json else rolled_back_lines(done))


def _say(told: Mapping[str, Any] | Iterable[str]) -> None:
    """Print a mapping as JSON, or lines."""
    lines = [json.dumps(told, ensure_ascii=False)] if isinstance(told, Mapping) else told
    for line in lines:
        typer.echo(line)
