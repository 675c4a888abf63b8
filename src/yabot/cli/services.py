"""`yabot service`: services that sign their own tokens for the internal API."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from yabot.api.auth.keys import OwnKey
from yabot.api.auth.services import Protection, Service, ServiceRegistry
from yabot.api.encryption.own_keys import OwnKeys
from yabot.api.jose.encryption import RecipientKey
from yabot.api.jose.signing import PublicKey
from yabot.api.jose.unusable import Unusable
from yabot.cli.context import load_settings
from yabot.cli.naming import DnsName, Scopes, ServiceArgument
from yabot.cli.operators import Operator, operating
from yabot.cli.showing import in_columns, print_json
from yabot.clock import rfc3339
from yabot.errors import InvalidInput
from yabot.log.unit_of_work import UnitOfWork
from yabot.settings import Settings

K = TypeVar("K")

app = typer.Typer(
    no_args_is_help=True, help="Services that sign their own tokens for the internal API."
)

HEADINGS = ("SERVICE", "SCOPES", "KEY", "ADDED", "ENDS", "CERTIFICATE", "ENCRYPTED TO")

KeyFile = Annotated[
    Path, typer.Option("--public-key", help="An Ed25519 public key, as JWK or PEM.")
]
EncryptTo = Annotated[
    Path | None,
    typer.Option(
        "--encrypt-to",
        help="An X25519 public key, as JWK or PEM: requests and answers are encrypted.",
    ),
]
NoEncryption = Annotated[
    bool, typer.Option("--no-encryption", help="Nothing is encrypted any more.")
]
NoCertificateName = Annotated[
    bool, typer.Option("--no-certificate-name", help="Its certificate may be for any name.")
]
AtOnce = Annotated[
    bool, typer.Option("--at-once", help="The former key is worth nothing now: it has leaked.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback()
def group() -> None:
    """Services that sign their own tokens for the internal API."""


@app.command("add")
def add(
    name: ServiceArgument,
    scope: Scopes,
    public_key: KeyFile,
    encrypt_to: EncryptTo = None,
    certificate_name: DnsName = None,
) -> None:
    """Let a service in, with tokens of its own that may do no more than these scopes say."""
    settings, key = load_settings(), _read(public_key, PublicKey.read)
    protection = Protection(certificate_name, _recipient(encrypt_to))
    if protection.encrypt_to is not None:
        _own_keys(settings)

    async def run() -> None:
        async with operating(settings) as operator:

            async def decide(work: UnitOfWork) -> None:
                await _registry(operator).add(work, name, scope, key, protection)

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
    settings, key = load_settings(), _read(public_key, PublicKey.read)

    async def run() -> str:
        async with operating(settings) as operator:

            async def decide(work: UnitOfWork) -> str:
                registry = _registry(operator)
                return rfc3339(await registry.rotate(work, name, key, at_once=at_once))

            return await operator.decide(decide)

    ends_at = asyncio.run(run())
    typer.echo(f"The kid of the new key is {key.kid}; the former one is believed until {ends_at}.")


@app.command("protect")
def protect(
    name: ServiceArgument,
    encrypt_to: EncryptTo = None,
    certificate_name: DnsName = None,
    no_encryption: NoEncryption = False,
    no_certificate_name: NoCertificateName = False,
) -> None:
    """Change what a service's requests need beside a token; what is not named stays as it is."""
    if (encrypt_to and no_encryption) or (certificate_name and no_certificate_name):
        raise typer.BadParameter("an option and its opposite exclude each other")
    settings, key = load_settings(), _recipient(encrypt_to)

    def change(had: Protection) -> Protection:
        return Protection(
            None if no_certificate_name else certificate_name or had.certificate_name,
            None if no_encryption else key or had.encrypt_to,
        )

    async def run() -> None:
        async with operating(settings) as operator:

            async def decide(work: UnitOfWork) -> None:
                await _registry(operator).protect(work, name, change)

            await operator.decide(decide)

    asyncio.run(run())
    typer.echo(f"Within seconds, every request of {name} needs that.")


@app.command("keys")
def keys(
    as_json: Annotated[bool, typer.Option("--json", help="On one line, for programs.")] = False,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make others, which are used a day from now.")
    ] = False,
    at_once: Annotated[
        bool,
        typer.Option("--at-once", help="With --rotate: the others are worth nothing now."),
    ] = False,
) -> None:
    """Print YABOT's public keys for encrypted bodies, a JWK set for the services' configuration."""
    if at_once and not rotate:
        raise typer.BadParameter("--at-once goes with --rotate")
    own = _own_keys(load_settings())
    if rotate:
        _tell_rotated(own.rotate(at_once=at_once))
    typer.echo(json.dumps({"keys": own.public()}, indent=None if as_json else 2))


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


def _own_keys(settings: Settings) -> OwnKeys:
    """The keys for encrypted bodies, made if need be, because the service will need them."""
    keys = OwnKeys(settings.api.keys_dir)
    keys.make()
    return keys


def _tell_rotated(made: Iterable[OwnKey[Any]]) -> None:
    """On standard error: standard output is for the JWK set."""
    for each in made:
        moment = rfc3339(each.used_from)
        typer.echo(f"{each.key.kid} ({each.key.jwk['use']}) is used from {moment} on.", err=True)


def _registry(operator: Operator) -> ServiceRegistry:
    return ServiceRegistry(operator.database, by=operator.name)


def _recipient(file: Path | None) -> RecipientKey | None:
    return None if file is None else _read(file, RecipientKey.tried)


def _read(file: Path, read: Callable[[str], K]) -> K:
    """A key of the kind that ``read`` reads."""
    try:
        return read(file.read_text(encoding="ascii"))
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
        **service.protection.told,
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
        told = service.protection.told
        protection = told["certificate_name"] or "-", told["encrypt_to"] or "-"
        yield service.name, scopes, key.kid, rfc3339(key.added_at), ends, *protection
