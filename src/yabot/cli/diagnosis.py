"""`yabot doctor`: what is set, what is reachable, what is wrong."""

import asyncio
import dataclasses
import json
from typing import Annotated

import typer

from yabot.cli.context import log_as_configured
from yabot.cli.doctor import examine, render
from yabot.settings import ConfigManager


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what is set, what is reachable and what is wrong. Exit 1 when something is."""
    manager = ConfigManager()
    settings = manager.load()
    log_as_configured(settings)
    checks = asyncio.run(examine(settings, manager.warnings()))
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(check) for check in checks], ensure_ascii=False))
    else:
        typer.echo(render(checks))
    if any(check.state == "problem" for check in checks):
        raise typer.Exit(1)
