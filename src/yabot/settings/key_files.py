"""Checks files with keys, to which nobody but us may have access."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from yabot.private_files import key_exposure
from yabot.settings.base import Problem


def exposed(files: Iterable[tuple[str, Path]]) -> Iterator[Problem]:
    """A problem for each exposed file, under its setting's name; missing files are no problem."""
    for name, file in files:
        try:
            exposure = key_exposure(file)
        except OSError:
            continue  # whoever reads it says so
        if exposure:
            yield Problem(name, f"{file} holds a secret and {exposure.wrong}", exposure.mend)


def holds_key(file: Path) -> bool:
    """Whether a PEM file has a private key, perhaps beside a certificate."""
    try:
        return b"PRIVATE KEY-----" in file.read_bytes()
    except OSError:
        return False
