"""Turns an engine's own messages about a failed start into one sentence that says what to do."""

import re
import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from yabot.embedded.ports import PortTaken
from yabot.errors import ConfigurationError, StartupError

TAIL = 256 * 1024

_LIBRARY = re.compile(r"error while loading shared libraries: (?:\S*/)?(?P<library>[^\s/:]+):")
_OLD_SYSTEM = re.compile(r"version `(?P<version>[^']+)' not found")
_NOT_RUN = re.compile(r"cannot be run: (?P<reason>.+)")
_PACKAGES: Mapping[str, Mapping[str, str]] = {
    "apt-get": {"libcurl": "libcurl4", "libcrypto": "libssl3", "libssl": "libssl3"},
    "dnf": {"libcurl": "libcurl", "libcrypto": "openssl-libs", "libssl": "openssl-libs"},
}


@dataclass(frozen=True)
class Attempt:
    """One attempt to start an engine. ``since`` is the size of its log before that, in bytes."""

    engine: str
    variable: str
    binary: Path
    data: Path
    log: Path
    since: int

    def words(self) -> str:
        """What the engine has logged since this attempt began."""
        with self.log.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(self.since, end - TAIL))
            return file.read().decode(errors="replace")


@dataclass(frozen=True)
class Symptom:
    """``pattern`` in an engine's log, and its sentence, which may use ``Attempt``'s fields."""

    pattern: str
    sentence: str


NOT_PERMITTED = (
    "{engine} may not use files in {data}: give them to the user that runs this program "
    "(its log is {log})."
)
# Checked first: an engine that reaches a limit may take its data for damaged.
_LIMITS: Sequence[Symptom] = (
    Symptom(
        "Too many open files|open file limit",
        "{engine} may not open as many files as it needs: raise that limit (ulimit -n, systemd's "
        "LimitNOFILE) and start again (its log is {log}).",
    ),
    Symptom(
        "[Cc]annot allocate memory|[Oo]ut [Oo]f [Mm]emory|Can't initialize Background Jobs",
        "{engine} got less memory or fewer threads than it needs: raise what limits them "
        "(ulimit -v and -u, systemd's MemoryMax and TasksMax), or set {variable} to a server "
        "(its log is {log}).",
    ),
)
# Checked last: they may be about any file; the engine's own messages tell more.
_COMMON: Sequence[Symptom] = (
    Symptom(
        "No space left on device|Disk quota exceeded",
        "{engine} stopped because the disk of {data} is full: free some space there and start "
        "again (its log is {log}).",
    ),
    Symptom("Permission denied", NOT_PERMITTED),
)


def explain(
    attempt: Attempt, status: int, symptoms: Sequence[Symptom]
) -> ConfigurationError | StartupError | PortTaken:
    """The error for an engine that ended by itself; ``status`` is negative for a signal."""
    words = attempt.words()
    if "Address already in use" in words:
        return PortTaken()
    if mistake := _unfit_system(attempt, words, status):
        return ConfigurationError([f"{mistake}, or set {attempt.variable} to a server."])
    for symptom in (*_LIMITS, *symptoms, *_COMMON):
        if re.search(symptom.pattern, words):
            return StartupError(symptom.sentence.format(**vars(attempt)))
    if status == -signal.SIGKILL:
        # Its log ends in the middle and says nothing.
        return StartupError(
            f"{attempt.engine} was killed while it started, as the system does when memory is "
            f"short: give this machine more and start again, or set {attempt.variable} to a server."
        )
    return StartupError(
        f"{attempt.engine} ended with status {status} instead of starting: its log, "
        f"{attempt.log}, says why."
    )


def _unfit_system(attempt: Attempt, words: str, status: int) -> str | None:
    if found := _NOT_RUN.search(words):
        return f"{attempt.binary} does not run on this machine ({found['reason']}): replace it"
    if found := _LIBRARY.search(words):
        return (
            f"{attempt.engine} cannot start because the system library {found['library']} is "
            f"missing or damaged: {_installation(found['library'])}"
        )
    if found := _OLD_SYSTEM.search(words):
        return f"{attempt.engine} needs a newer system ({found['version']}): upgrade it"
    if status == -signal.SIGILL:
        return f"{attempt.engine} needs a processor with AVX: use another machine"
    return None


def _installation(library: str) -> str:
    stem = library.partition(".")[0]
    for manager, packages in _PACKAGES.items():
        if stem in packages and shutil.which(manager):
            return f"run {manager} install {packages[stem]}"
    return "install the system's package that contains it"
