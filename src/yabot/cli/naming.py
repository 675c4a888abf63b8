"""Arguments of commands for services, scopes and DNS names."""

import re
from typing import Annotated

import typer

from yabot.api.auth.claims import SERVICE_NAME
from yabot.api.caller import SCOPES

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
DNS_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")


def _name(service: str) -> str:
    if not re.fullmatch(SERVICE_NAME, service):
        raise typer.BadParameter(
            "a service's name has 1 to 64 of the characters a-z 0-9 _ - and begins with a letter"
        )
    return service


def _scopes(scopes: list[str]) -> list[str]:
    wrong = [scope for scope in scopes if scope not in SCOPES]
    if wrong:
        raise typer.BadParameter(f"'{wrong[0]}' is no scope; they are {', '.join(SCOPES)}")
    return scopes


def _dns_name(name: str | None) -> str | None:
    if name is not None and not DNS_NAME.fullmatch(name):
        raise typer.BadParameter("it is no DNS name, such as orders.example.org")
    return None if name is None else name.lower()


ServiceArgument = Annotated[str, typer.Argument(metavar="NAME", callback=_name)]
ServiceOption = Annotated[
    str, typer.Option("--service", callback=_name, help="Who asks with it; the audit names it.")
]
Scopes = Annotated[
    list[str], typer.Option("--scope", callback=_scopes, help="What it may do; may repeat.")
]
DnsName = Annotated[
    str | None,
    typer.Option(
        "--certificate-name",
        callback=_dns_name,
        help="A DNS name: its requests must come with a client certificate for it.",
    ),
]
