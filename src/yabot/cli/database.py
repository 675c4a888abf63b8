"""`yabot db`: the SQL database."""

import json
from typing import Annotated

import typer

from yabot.app.features import FEATURES
from yabot.app.stores import open_database, upgrade_tables
from yabot.cli.context import load_settings
from yabot.cli.progress import progress

app = typer.Typer(no_args_is_help=True, help="Look after the SQL database.")


@app.callback()
def group() -> None:
    """Look after the SQL database."""


@app.command()
def upgrade(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Bring the tables to this version; `yabot run` does it too."""
    settings = load_settings()
    settings.sql.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
    with progress("bringing the tables to this version"):
        upgrade_tables(open_database(settings), settings, FEATURES)
    told = "The tables are those of this version."
    typer.echo(json.dumps({"tables": "current"}) if as_json else told)
