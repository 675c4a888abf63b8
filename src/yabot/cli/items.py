"""`yabot items`: the items in and out of MongoDB. Whoever only checks them needs no store."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from yabot.cli.files import read_named, write_named
from yabot.features.items.file import export_items, parse_items
from yabot.features.items.model import Item

app = typer.Typer(no_args_is_help=True, help="Check, import and export items.")

Json = Annotated[bool, typer.Option("--json", help="For programs.")]
ItemsFile = Annotated[Path, typer.Argument(help="An items file (YAML).", show_default=False)]


@app.command("check")
def check(file: ItemsFile, as_json: Json = False) -> None:
    """Read an items file and name every mistake in it, by line."""
    items = _read(file)
    if as_json:
        typer.echo(json.dumps({"mistakes": [], "items": len(items)}))
        return
    typer.echo(f"{file}: {_summary(items)}, no mistakes.")


@app.command("import")
def import_items(
    file: ItemsFile,
    drop: Annotated[
        bool, typer.Option("--drop", help="Remove what the file does not have, also if owned.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make an items file the items that there are, all of it at once."""
    from yabot.cli.shelf import replace_all

    items = _read(file)
    asyncio.run(replace_all(items, drop))
    if as_json:
        typer.echo(json.dumps({"items": len(items), "for_sale": _for_sale(items)}))
        return
    typer.echo(f"There are now {_summary(items)}.")


@app.command("export")
def export(file: ItemsFile) -> None:
    """Write the items that there are to a file."""
    from yabot.cli.shelf import all_items

    items = asyncio.run(all_items())
    write_named(file, export_items(items))
    typer.echo(f"Written to {file}.")


def _read(file: Path) -> list[Item]:
    return parse_items(read_named(file, "an items file"), file.name)


def _summary(items: list[Item]) -> str:
    return f"{len(items)} items, {_for_sale(items)} for sale"


def _for_sale(items: list[Item]) -> int:
    return sum(item.metadata.price is not None for item in items)
