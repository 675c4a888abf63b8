"""`yabot token`: tokens that we sign ourselves, and the keys that sign them."""

import asyncio
import hashlib
import re
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from yabot.api.auth.claims import JTI, LONGEST_OF_OURS
from yabot.api.auth.issuing import issue
from yabot.api.auth.keys import token_keys
from yabot.api.jose.signing import token_id_of
from yabot.api.jose.unusable import Unusable
from yabot.cli.context import load_settings
from yabot.cli.naming import Scopes, ServiceOption
from yabot.clock import rfc3339, utc_now
from yabot.errors import InvalidInput
from yabot.runtime.peer import thumbprint

HELP = "Tokens for people and scripts that ask the internal API, and the keys that sign them."
app = typer.Typer(no_args_is_help=True, help=HELP)

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
HOURS = int(LONGEST_OF_OURS.total_seconds() // 3600)


@app.callback()
def group() -> None:
    """Tokens for people and scripts that ask the internal API, and the keys that sign them."""


@app.command("issue")
def issue_token(
    service: ServiceOption,
    scope: Scopes,
    ttl: Annotated[str, typer.Option(help=f"How long it holds: 90s, 15m, at most {HOURS}h.")] = (
        "15m"
    ),
    certificate: Annotated[
        Path | None,
        typer.Option(help="A PEM file: it holds only for who shows that client certificate."),
    ] = None,
) -> None:
    """Print a token, and nothing else."""
    lifetime, shown = _duration(ttl), None if certificate is None else _thumbprint(certificate)
    keys = token_keys(load_settings().api.keys_dir)
    typer.echo(issue(keys, service, scope, lifetime, shown))


@app.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="JTI", help="The token's jti, or the token.")],
) -> None:
    """Let a token be worth nothing, within seconds, whoever has signed it."""
    # Imported here, so that issuing a token need not wait for SQL's import.
    from yabot.api.auth.revocations import revoke
    from yabot.cli.operators import operating
    from yabot.log.unit_of_work import UnitOfWork

    token_id = _token_id(token)
    settings = load_settings()

    async def run() -> None:
        async with operating(settings) as operator:

            async def decide(work: UnitOfWork) -> None:
                await revoke(operator.database, work, token_id, operator.name)

            await operator.decide(decide)

    asyncio.run(run())
    typer.echo(f"No token with the jti {token_id} is let in any more.")
    if token_id == token:
        typer.echo("(Whether there is one, YABOT cannot know; give the whole token to be sure.)")


@app.command("rotate")
def rotate_key(
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="Tokens issued until now are worth nothing: a key leaked."),
    ] = False,
) -> None:
    """Make another key. It signs when everybody who checks tokens has had time to know it."""
    keys, now = token_keys(load_settings().api.keys_dir), utc_now()
    if at_once:
        made = keys.replace(now)
        typer.echo(f"{made.key.kid} signs now; no token issued before is worth anything.")
    else:
        made = keys.rotate(now)
        typer.echo(f"{made.key.kid} is published, and signs from {rfc3339(made.used_from)} on.")


def _token_id(given: str) -> str:
    """The jti of a token, or the jti itself. A refusal does not quote it: it may be secret."""
    if "bearer" in given.lower().split():
        raise typer.BadParameter("write the token alone, without Bearer", param_hint="JTI")
    try:
        token_id = token_id_of(given) if given.count(".") == 2 else given
    except Unusable as error:
        raise typer.BadParameter(str(error), param_hint="JTI") from None
    if not re.fullmatch(JTI, token_id):
        raise typer.BadParameter("it is no jti; the whole token does, too", param_hint="JTI")
    return token_id


def _thumbprint(file: Path) -> str:
    """The thumbprint of the file's first certificate; behind it stand those of its authorities."""
    try:
        pem = file.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    try:
        (first, *_) = _PEM.findall(pem)
        encoded = ssl.PEM_cert_to_DER_cert(first)
    except ValueError:
        raise InvalidInput(f"{file} holds no certificate; give a PEM file that does") from None
    return thumbprint(hashlib.sha256(encoded).digest())


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smh])", text)
    duration = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < duration <= LONGEST_OF_OURS:
        raise typer.BadParameter(
            f"write a number and s, m or h, such as 15m; at most {HOURS}h", param_hint="--ttl"
        )
    return duration
