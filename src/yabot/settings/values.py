"""The kinds of values of variables. A validator's message only says what is wrong."""

import ipaddress
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from yabot.errors import ConfigurationError
from yabot.settings.network import host_of

EMBEDDED = "embedded"


def _unless_embedded(address: object) -> object:
    text = address.get_secret_value() if isinstance(address, SecretStr) else address
    return None if text == EMBEDDED else address


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address") from None


def _http_url(url: str) -> str:
    if not re.match(r"https?://", url) or not host_of(url):
        raise ValueError("it is not an http:// or https:// address with a host")
    if urlsplit(url).port == 0:
        raise ValueError("port 0 cannot be called")
    return url.rstrip("/")


def _at_home(path: Path) -> Path:
    """The path with its ``~`` expanded."""
    try:
        return path.expanduser()
    except RuntimeError:
        user = path.parts[0].removeprefix("~") or "this user"
        raise ValueError(f"{path} cannot be found: {user} has no home directory") from None


def _readable_file(path: Path) -> Path:
    path = _at_home(path)
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None


def _creatable_directory(path: Path) -> Path:
    path = _at_home(path)
    with _looking_at(path):
        ground = next(
            each for each in (path, *path.absolute().parents) if each.is_symlink() or each.exists()
        )
        if not ground.exists():
            raise ValueError(
                f"{path} cannot be a directory: {ground} is a link to {ground.readlink()}, which "
                "is not there (is its disk mounted?)"
            )
        if not ground.is_dir():
            raise ValueError(f"{path} cannot be a directory: {ground} is a file")
    if not os.access(ground, os.W_OK | os.X_OK):
        raise ValueError(f"{path} cannot be written: no permission in {ground}")
    return path


def _creatable_file(path: Path) -> Path:
    path = _at_home(path)
    with _looking_at(path):
        if path.is_dir():
            raise ValueError(f"{path} is a directory")
    _creatable_directory(path.parent)
    return path


def require_working_directory() -> None:
    """Relative paths, also of defaults, need the working directory. Raises ConfigurationError."""
    try:
        here = Path.cwd()
    except OSError:
        raise ConfigurationError(
            ["the working directory has been removed; change to one that is there"]
        ) from None
    if not os.access(here, os.X_OK):
        raise ConfigurationError(
            [f"the working directory, {here}, is closed to this user; change to one that is not"]
        )


@contextmanager
def _looking_at(path: Path) -> Iterator[None]:
    """Turn an OSError, as for a folder that this user may not enter, into ValueError."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"{path} cannot be used: {error.strerror}") from None


def _list_of(read: Callable[[str], object]) -> BeforeValidator:
    """``read`` for each part of a list such as ``12, 34``, separated by commas, spaces or both."""

    def split(value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(read(word) for word in re.split(r"[,\s]+", value.strip(", \t")))

    return BeforeValidator(split)


def _number(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,18}", text):
        raise ValueError(f"{text!r} is not a numeric id")
    return int(text)


_CONTACTS = (r"@[A-Za-z][A-Za-z0-9_]{2,31}", r"[^\s@<>]+@[^\s@<>]+", r"https://[^\s<>]+")


def _contact(text: str) -> str:
    if not any(re.fullmatch(form, text) for form in _CONTACTS):
        raise ValueError("it is no @name, e-mail address or https:// address")
    return text


def _host_and_port(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/@]+)(?::(\d{1,5}))?", text)
    port = int(match[2] or 26379) if match else 0
    if not match or not 1 <= port <= 65535:
        raise ValueError(f"{text!r} is not a host and a port")
    return match[1].strip("[]"), port


def _event_type(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", text):
        raise ValueError(f"{text!r} is no name of an event type")
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is not an IP address or a network") from None


Port = Annotated[int, Field(ge=1, le=65535)]
PoolSize = Annotated[int, Field(ge=1, le=10_000)]
Milliseconds = Annotated[int, Field(ge=50, le=600_000)]
StoreAddress = Annotated[SecretStr | None, BeforeValidator(_unless_embedded)]
Address = Annotated[str, AfterValidator(_address)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
ReadableFile = Annotated[Path, AfterValidator(_readable_file)]
CreatableFile = Annotated[Path, AfterValidator(_creatable_file)]
CreatableDirectory = Annotated[Path, AfterValidator(_creatable_directory)]
UserIds = Annotated[tuple[int, ...], NoDecode, _list_of(_number)]
SupportContact = Annotated[str, AfterValidator(_contact)]
HostPorts = Annotated[tuple[tuple[str, int], ...], NoDecode, _list_of(_host_and_port)]
EventTypes = Annotated[tuple[str, ...], NoDecode, _list_of(_event_type)]
Networks = Annotated[tuple[str, ...], NoDecode, _list_of(_network)]

PORT = "a port from 1 to 65535"
NETWORKS = "addresses or networks such as 10.0.0.0/8, separated by commas"
POOL_SIZE = "a whole number from 1 to 10000"
MILLISECONDS = "whole milliseconds from 50 to 600000"
