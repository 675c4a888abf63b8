"""What this machine lends to the fresh one: where it gets packages from, and how.

All of it is asked for at run time: which registries a machine uses is its own affair.
"""

import ast
import configparser
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

# How pip, uv and whatever speaks HTTP are told where packages are.
LENT = re.compile(r"(PIP|UV|SSL_CERT)_.*|(https?|all|no)_proxy|REQUESTS_CA_BUNDLE", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PipConfiguration:
    """``text`` is a pip.conf; ``paths`` are the files and folders of this machine that it names."""

    text: str
    paths: tuple[Path, ...]


def debian_mirror(codename: str) -> str:
    """The one that apt has this release from. Raises LookupError when it has none."""
    sites = _said("apt-get", "indextargets", "--format", "$(CODENAME) $(SITE)")
    for line in sites.splitlines():
        release, _, site = line.partition(" ")
        if release == codename:
            return site
    raise LookupError(f"apt on this machine has no mirror of Debian's {codename}")


def apt_configuration() -> str:
    """How apt reaches its mirrors: proxies, certificates, time-outs."""
    return _said("apt-config", "dump", "Acquire")


def lent_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if LENT.fullmatch(name)}


def pip_configuration() -> PipConfiguration:
    file = configparser.RawConfigParser()
    named = list(lent_environment().values())
    for line in _said(sys.executable, "-m", "pip", "config", "list").splitlines():
        name, _, quoted = line.partition("=")
        section, _, option = name.partition(".")
        if section == ":env:":
            continue  # the environment is lent as it is
        if not file.has_section(section):
            file.add_section(section)
        value = str(ast.literal_eval(quoted))
        file.set(section, option, value.replace("\n", "\n  "))
        named.append(value)
    text = StringIO()
    file.write(text)
    return PipConfiguration(text.getvalue(), tuple(_paths(named)))


def _paths(values: list[str]) -> Iterator[Path]:
    """Each path of this machine in them, the roots of indexes rather than a page of theirs."""
    for word in dict.fromkeys(word for value in values for word in value.split()):
        path = Path(urlsplit(word).path if word.startswith("file://") else word)
        if path.is_absolute() and path.exists():
            # An index links to files beside its list.
            yield path.parent if word.startswith("file://") and path.is_dir() else path


def _said(*command: str, environment: Mapping[str, str] | None = None) -> str:
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout
