"""Reading addresses: what is on this machine, and which secrets a URL carries."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from yabot.settings.base import Problem

# The fewest characters of a password that strangers could try out over the network.
SHORTEST_PASSWORD = 12
SECRET_OPTION = re.compile(r"password|secret|token|authmechanismproperties", re.IGNORECASE)


def is_loopback(host: str) -> bool:
    """True for this machine's own addresses and for the path of a Unix socket."""
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def all_loopback(hosts: Iterable[str]) -> bool:
    return all(is_loopback(host) for host in hosts)


def guessable(variable: str, password: str) -> Iterator[Problem]:
    """``variable`` holds the password of a server that strangers may reach too."""
    if len(password) < SHORTEST_PASSWORD:
        yield Problem(
            variable,
            f"its password has fewer than {SHORTEST_PASSWORD} characters and can be guessed",
            "give the user a longer one, such as openssl rand -hex 32 makes",
        )


def host_of(url: str) -> str:
    """The host of an http(s) URL; empty if it has none or cannot be read."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def passwords_in(url: str) -> Iterator[str]:
    """Each password of a URL, percent-encoded as it stands there and decoded as it is used."""
    _, _, rest = url.partition("://")
    authority, _, options = rest.partition("?")
    userinfo, at, _ = authority.rpartition("@")
    _, colon, password = userinfo.partition(":")
    if at and colon:
        yield password
        yield unquote(password)
    for name, value in parse_qsl(options):
        if SECRET_OPTION.search(name):
            yield value
