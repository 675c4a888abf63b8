"""Warns callers of the deprecated functions, once for each calling line."""

import logging
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

# A standard logger, as in any library: the old bot configures where its log goes, and its form.
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
    """Remembers which caller has had which warning. Thread-safe."""

    def __init__(self) -> None:
        self._told: set[tuple[Caller, str]] = set()
        self._lock = threading.Lock()

    def warn(self, caller: Caller, function: str, phase: str | None) -> None:
        """Warn with ``warnings`` and in the log; once more when the migration ends in another way.

        ``phase`` is the migration's; None: there is no migration. Raises DeprecationWarning where
        warnings are turned into errors.
        """
        said = f"{function} {SENTENCES.get(phase or '', BEFORE)}"
        with self._lock:
            if (caller, said) in self._told:
                return
            self._told.add((caller, said))
        log.warning("%s:%d: %s", caller.file, caller.line, said)
        warnings.warn_explicit(said, DeprecationWarning, caller.file, caller.line)
