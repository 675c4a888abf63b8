"""`yabot audit`: proves over all that is stored what must always hold."""

import asyncio
import json
from typing import Annotated

import typer

from yabot.cli.context import load_settings
from yabot.features.users.audit import audit_users
from yabot.settings import Settings
from yabot.stores import open_database, open_documents

app = typer.Typer(no_args_is_help=True, help="Prove what must always hold over what is stored.")


@app.callback()
def group() -> None:
    """Prove what must always hold over what is stored."""


@app.command()
def stores(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Every user's document in MongoDB is the one that SQL says. Exit 1 when one is not."""
    differences = asyncio.run(_audit(load_settings()))
    if as_json:
        typer.echo(json.dumps({"differences": differences}, ensure_ascii=False))
    else:
        for line in differences:
            typer.echo(line)
        typer.echo(f"{len(differences)} users differ." if differences else "Both stores agree.")
    if differences:
        raise typer.Exit(1)


async def _audit(settings: Settings) -> list[str]:
    database = open_database(settings)
    await database.open()
    try:
        async with open_documents(settings) as documents:
            return await audit_users(database, documents)
    finally:
        await database.close()
