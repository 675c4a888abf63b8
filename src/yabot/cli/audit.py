"""`yabot audit`: proves over all that is stored what must always hold."""

import asyncio
import json
from typing import Annotated

import typer

from yabot.app.stores import open_documents
from yabot.cli.context import load_settings
from yabot.cli.progress import progress
from yabot.cli.sql import existing_database
from yabot.features.besitos.audit import audit_ledger
from yabot.features.users.audit import audit_users
from yabot.settings import Settings

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
    _report(differences, as_json, ("user differs", "users differ"), "Both stores agree.")


@app.command()
def ledger(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Besitos sum to zero, and every balance is what its postings say. Exit 1 when not."""
    differences = asyncio.run(_audit_ledger(load_settings()))
    found = ("fault in the ledger", "faults in the ledger")
    _report(differences, as_json, found, "The ledger is balanced.")


def _report(differences: list[str], as_json: bool, found: tuple[str, str], none: str) -> None:
    """``found`` is what one difference is called, and what several are."""
    if as_json:
        typer.echo(json.dumps({"differences": differences}, ensure_ascii=False))
    else:
        for line in differences:
            typer.echo(line)
        called = found[len(differences) != 1]
        typer.echo(f"{len(differences)} {called}." if differences else none)
    if differences:
        raise typer.Exit(1)


async def _audit_stores(settings: Settings) -> list[str]:
    async with existing_database(settings) as database, open_documents(settings) as documents:
        with progress("holding each user's document against SQL"):
            return await audit_users(database, documents)


async def _audit_ledger(settings: Settings) -> list[str]:
    async with existing_database(settings) as database:
        with progress("adding up the ledger"):
            return await audit_ledger(database)
