"""`yabot audit`: proves over all that is stored what must always hold."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from yabot.cli.context import load_settings
from yabot.features.besitos.audit import audit_ledger
from yabot.features.users.audit import audit_users
from yabot.settings import Settings
from yabot.storage.relational.database import Database
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
    differences = asyncio.run(_audit_stores(load_settings()))
    _report(differences, as_json, "users differ.", "Both stores agree.")


@app.command()
def ledger(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Besitos sum to zero, and every balance is what its postings say. Exit 1 when not."""
    differences = asyncio.run(_audit_ledger(load_settings()))
    _report(differences, as_json, "faults in the ledger.", "The ledger is balanced.")


def _report(differences: list[str], as_json: bool, some: str, none: str) -> None:
    if as_json:
        typer.echo(json.dumps({"differences": differences}, ensure_ascii=False))
    else:
        for line in differences:
            typer.echo(line)
        typer.echo(f"{len(differences)} {some}" if differences else none)
    if differences:
        raise typer.Exit(1)


async def _audit_stores(settings: Settings) -> list[str]:
    async with _database(settings) as database, open_documents(settings) as documents:
        return await audit_users(database, documents)


async def _audit_ledger(settings: Settings) -> list[str]:
    async with _database(settings) as database:
        return await audit_ledger(database)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    database = open_database(settings)
    await database.open()
    try:
        yield database
    finally:
        await database.close()
