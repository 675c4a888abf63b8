"""`yabot events`: the bus, seen from outside."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer

from yabot import canonical
from yabot.app.assembly import build_catalog
from yabot.app.features import FEATURES
from yabot.app.stores import open_redis
from yabot.bus.observer import keep_observing
from yabot.cli.context import load_settings, run_until_signalled
from yabot.cli.files import write_named
from yabot.cli.showing import event_line
from yabot.cli.standard_files import is_read
from yabot.events.asyncapi import asyncapi_document
from yabot.events.documentation import events_page
from yabot.runtime.stopping import finished_before
from yabot.settings import Settings

Output = Annotated[
    Path | None,
    typer.Option(help="A file to write it to: all of it, or it stays as it is.", dir_okay=False),
]

app = typer.Typer(no_args_is_help=True, help="Look at events.")


@app.callback()
def group() -> None:
    """Look at events."""


@app.command()
def tail(
    user: Annotated[str | None, typer.Option(help="Only this user's events.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON envelope a line.")] = False,
) -> None:
    """Show events as they are published, until Ctrl+C."""
    settings = load_settings()
    run_until_signalled(lambda stop: _follow(settings, stop, user, as_json))


@app.command()
def catalog(
    as_json: Annotated[bool, typer.Option("--json", help="Versions and JSON Schemas.")] = False,
    output: Output = None,
) -> None:
    """List every type of event, with the fields of its payload."""
    known = build_catalog(FEATURES)
    schemas = f"{json.dumps(known.schemas(), ensure_ascii=False)}\n" if as_json else None
    _show(schemas or events_page(known), output)


@app.command()
def asyncapi(output: Output = None) -> None:
    """Print the AsyncAPI document: channels, streams and messages, for programs."""
    settings = load_settings()
    known = build_catalog(FEATURES, settings.inbound_event_types)
    document = asyncapi_document(known, settings.bus_partitions)
    _show(f"{json.dumps(document, ensure_ascii=False, indent=2)}\n", output)


def _show(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_named(output, text)


async def _follow(settings: Settings, stop: asyncio.Event, user: str | None, raw: bool) -> None:
    wanted = user and (canonical.user_id(user) or user)

    async def show() -> None:
        async with open_redis(settings) as redis:
            names = build_catalog(FEATURES).names
            async for event in keep_observing(redis, names, _explain, _listening):
                if wanted in (None, event.get("user_id")):
                    typer.echo(json.dumps(event, ensure_ascii=False) if raw else event_line(event))
                if not is_read():
                    return

    await finished_before(stop, show())


def _listening() -> None:
    typer.echo("Listening: events are shown as they are published; Ctrl+C ends it", err=True)


def _explain(trouble: str | None) -> None:
    """On standard error: a program may read the events."""
    if trouble is None:
        typer.echo("Redis is back: events are shown again", err=True)
    else:
        missed = "events that are published meanwhile are not shown"
        typer.echo(f"Redis is away; {missed}: {trouble}", err=True)
