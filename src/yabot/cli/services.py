"""`yabot service`: services that sign their own tokens for the internal API."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from yabot.api.auth.jose import PublicKey, Unusable
from yabot.api.auth.services import Service, ServiceRegistry
from yabot.cli.context import load_settings
from yabot.cli.naming import Scopes, ServiceArgument
from yabot.cli.operators import Operator, operating
from yabot.cli.showing import in_columns, print_json
from yabot.clock import rfc3339
from yabot.errors import InvalidInput
from yabot.log.unit_of_work import UnitOfWork

app = typer.Typer(
    no_args_is_help=True, help="Services that sign their own tokens for the internal API."
)

HEADINGS = ("SERVICE", "SCOPES", "KEY", "ADDED", "ENDS")

KeyFile = Annotated[
    Path, typer.Option("--public-key", help="An Ed25519 public key, as JWK or PEM.")
]
AtOnce = Annotated[
    bool, typer.Option("--at-once", help="The former key is worth nothing now: it has leaked.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback()
def group() -> None:
    """Services that sign their own tokens for the internal API."""


@app.command("add")
def add(name: ServiceArgument, scope: Scopes, public_key: KeyFile) -> None:
    """Let a service in, with tokens of its own that may do no more than these scopes say."""
    settings, key = load_settings(), _key(public_key)

    async def run() -> None:
        async with operating(settings) as operator:

            async def decide(work: UnitOfWork) -> None:
                await _registry(operator).add(work, name, scope, key)

            await operator.decide(decide)

    asyncio.run(run())
    typer.echo(f"{name} is let in within seconds. Its tokens name their key as kid: {key.kid}")


@app.command("list")
def list_services(as_json: Json = False) -> None:
    """Show all, with their keys."""
    settings = load_settings()

    async def run() -> list[Service]:
        async with operating(settings) as operator:
            return await _registry(operator).all()

    found = asyncio.run(run())
    if as_json:
        print_json({"services": [_facts(each) for each in found]})
    else:
        typer.echo(_table(found))


@app.command("rotate")
def rotate(name: ServiceArgument, public_key: KeyFile, at_once: AtOnce = False) -> None:
    """Give a service another key. What the former one has signed holds until it expires."""
    settings, key = load_settings(), _key(public_key)

    async def run() -> str:
        async with operating(settings) as operator:

            async def decide(work: UnitOfWork) -> str:
                registry = _registry(operator)
                return rfc3339(await registry.rotate(work, name, key, at_once=at_once))

            return await operator.decide(decide)

    ends_at = asyncio.run(run())
    typer.echo(f"The kid of the new key is {key.kid}; the former one is believed until {ends_at}.")


@app.command("remove")
def remove(name: ServiceArgument) -> None:
    """Let a service in no longer; its tokens are worth nothing, within seconds."""
    settings = load_settings()

    async def run() -> None:
        async with operating(settings) as operator:

            async def decide(work: UnitOfWork) -> None:
                await _registry(operator).remove(work, name)

            await operator.decide(decide)

    asyncio.run(run())
    typer.echo(f"{name} is let in no longer.")


def _registry(operator: Operator) -> ServiceRegistry:
    return ServiceRegistry(operator.database, by=operator.name)


def _key(file: Path) -> PublicKey:
    try:
        return PublicKey.read(file.read_text(encoding="ascii"))
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from error
    except ValueError:
        raise InvalidInput(f"{file}: it is no text; give a JWK or a PEM file") from None
    except Unusable as error:
        raise InvalidInput(f"{file}: {error}") from None


def _facts(service: Service) -> dict[str, Any]:
    return {
        "name": service.name,
        "scopes": list(service.scopes),
        "added_at": service.added_at,
        "keys": [
            {"kid": key.kid, "added_at": key.added_at, "ends_at": key.ends_at}
            for key in service.keys
        ],
    }


def _table(found: Sequence[Service]) -> str:
    if not found:
        return "No service is registered; `yabot service add` registers one."
    return in_columns(HEADINGS, [row for each in found for row in _rows(each)])


def _rows(service: Service) -> Iterable[tuple[str, ...]]:
    for key in service.keys:
        ends = "-" if key.ends_at is None else rfc3339(key.ends_at)
        scopes = " ".join(service.scopes)
        yield service.name, scopes, key.kid, rfc3339(key.added_at), ends
