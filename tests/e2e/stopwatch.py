"""How long a program takes to stop, on its own clock."""

import atexit
import json
import logging
from pathlib import Path

from tests.own_time import own_time

_FILE = "stopping.json"
_STOPPING = "yabot.stopping"


def measure_stopping(folder: Path) -> None:
    """From now on this process writes down how long it took, when it has been told to stop."""
    logging.getLogger().addHandler(_Beginning(folder / _FILE))


def read_stopping(folder: Path) -> float:
    """The seconds of the last stop of the program in this folder."""
    return float(json.loads((folder / _FILE).read_text()))


class _Beginning(logging.Handler):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, dict) and record.msg.get("event") == _STOPPING:
            # When the last thread has ended.
            atexit.register(self._write, own_time())

    def _write(self, begun: float) -> None:
        self._file.write_text(json.dumps(own_time() - begun))
