"""`yabot api`: what other services may ask, seen from outside."""

import json

import typer

from yabot.api.openapi.codes import codes_table
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES

app = typer.Typer(no_args_is_help=True, help="Look at what other services may ask.")


@app.callback()
def group() -> None:
    """Look at what other services may ask."""


@app.command()
def openapi() -> None:
    """Print the OpenAPI document, as /openapi.json shows it: for programs."""
    typer.echo(json.dumps(openapi_document(FEATURES), ensure_ascii=False, indent=2))


@app.command()
def codes() -> None:
    """List the codes of all refusals, as docs/api.md does."""
    typer.echo(codes_table(openapi_document(FEATURES)), nl=False)
