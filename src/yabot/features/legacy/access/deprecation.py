"""Whoever still takes the old way to a reader is told so: once for each line that does."""

import logging
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

# As a library does it: the old bot says where its log goes, and in which form.
log = logging.getLogger("yabot.legacy_access")

USE_INSTEAD = "use the internal API (docs/api.md)"
SENTENCES: Mapping[str, str] = {
    "completed": f"is deprecated: the migration is complete, and this way will go; {USE_INSTEAD}",
    "rolled_back": "works on the old bot's file again: the migration was rolled back; call the old "
    "bot's own function",
}
BEFORE = f"is deprecated: it stays for as long as the migration takes; then {USE_INSTEAD}"


@dataclass(frozen=True, slots=True)
class Caller:
    file: str
    line: int


class Callers:
    """Remembers who was told what, in all threads."""

    def __init__(self) -> None:
        self._told: set[tuple[Caller, str]] = set()
        self._lock = threading.Lock()

    def warn(self, caller: Caller, function: str, phase: str | None) -> None:
        """By ``warnings`` and in the log; anew when the migration has come to another end.

        ``phase`` is that of the migration; None: there is none. Raises DeprecationWarning for who
        makes errors of warnings.
        """
        said = f"{function} {SENTENCES.get(phase or '', BEFORE)}"
        with self._lock:
            if (caller, said) in self._told:
                return
            self._told.add((caller, said))
        log.warning("%s:%d: %s", caller.file, caller.line, said)
        warnings.warn_explicit(said, DeprecationWarning, caller.file, caller.line)
