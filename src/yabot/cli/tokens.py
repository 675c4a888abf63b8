"""`yabot token`: tokens that we sign ourselves, and the keys that sign them."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from yabot.api.auth.claims import LONGEST_OF_OURS, SERVICE_NAME
from yabot.api.auth.issuing import issue
from yabot.api.auth.keys import KeyFolder
from yabot.api.caller import SCOPES
from yabot.cli.context import load_settings

app = typer.Typer(no_args_is_help=True, help="Tokens for people and scripts.")

UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
HOURS = int(LONGEST_OF_OURS.total_seconds() // 3600)

Scopes = Annotated[list[str], typer.Option("--scope", help="May repeat.")]


@app.callback()
def group() -> None:
    """Tokens for people and scripts that ask the internal API."""


@app.command("issue")
def issue_token(
    service: Annotated[str, typer.Option(help="Who asks with it; it stands in the audit.")],
    scope: Scopes,
    ttl: Annotated[str, typer.Option(help=f"How long it holds: 90s, 15m, at most {HOURS}h.")] = (
        "15m"
    ),
) -> None:
    """Print a token, and nothing else."""
    require_name(service)
    require_scopes(scope)
    lifetime = _duration(ttl)
    keys = KeyFolder(load_settings().api.keys_dir)
    typer.echo(issue(keys, service, scope, lifetime))


def require_name(service: str) -> None:
    if not re.fullmatch(SERVICE_NAME, service):
        raise typer.BadParameter(
            "a service's name has 1 to 64 of the characters a-z 0-9 _ - and begins with a letter"
        )


def require_scopes(scopes: Sequence[str]) -> None:
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong:
        raise typer.BadParameter(f"'{wrong[0]}' is no scope; they are {', '.join(SCOPES)}")


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", text)
    duration = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < duration <= LONGEST_OF_OURS:
        raise typer.BadParameter(
            f"write a number and s, m or h, such as 15m; at most {HOURS}h", param_hint="--ttl"
        )
    return duration
