"""`yabot db`: the SQL database."""

import asyncio
import json
from typing import Annotated

import typer

from yabot.app.features import FEATURES
from yabot.app.stores import connect_database, open_database
from yabot.cli.context import load_settings
from yabot.cli.progress import progress
from yabot.settings import Settings

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
    with progress("bringing the tables to this version"):
        asyncio.run(_upgrade(settings))
    told = "The tables are those of this version."
    typer.echo(json.dumps({"tables": "current"}) if as_json else told)


async def _upgrade(settings: Settings) -> None:
    database = open_database(settings)
    try:
        await connect_database(database, settings, FEATURES)
    finally:
        await database.close()
