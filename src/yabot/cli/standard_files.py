"""Standard input, output and error: also closed ones, left by their reader, or on a full disk.

A command does what it was asked and ends with the exit code of that, though nobody hears of it.
"""

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from pathlib import Path
from typing import TextIO

from yabot.error_text import kind_of
from yabot.errors import YabotError


class OutputLost(YabotError):
    """The answer of a command could not be written."""

    code = "output_lost"


def make_sound() -> None:
    """To be called once, before anything is written."""
    _open_missing()
    sys.stdout = _over(_Output(sys.stdout.fileno()), sys.stdout)
    sys.stderr = _over(_Remarks(sys.stderr.fileno()), sys.stderr)


def is_read() -> bool:
    """Whether what is written to standard output has a reader, as far as is known."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return raw.is_read if isinstance(raw, _Output) else True


class _Output(FileIO):
    """Takes all and drops it, from when its reader has left, or it could not be written."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.is_read = True

    def write(self, data: bytes) -> int:  # type: ignore[override] # FileIO's may be any buffer
        """Raises OutputLost, once, where somebody would read it."""
        try:
            return super().write(data)
        except OSError as error:
            # Python writes at the end what it could not write before, and complains again.
            self._lead_nowhere()
            if isinstance(error, ConnectionError):
                self.is_read = False
                return len(data)
            raise OutputLost(
                f"standard output cannot be written: {kind_of(error)}; mend that, or send it "
                "elsewhere, and ask again"
            ) from error

    def _lead_nowhere(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


class _Remarks(FileIO):
    """What is said beside the answer: where it cannot be written, there is nobody to tell."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)

    def write(self, data: bytes) -> int:  # type: ignore[override] # as above
        try:
            return super().write(data)
        except OSError:
            # It may be written again later: a disk has room again.
            return len(data)


def _over(raw: FileIO, text: TextIO) -> TextIO:
    """``text``, on another file; what its encoding, such as Latin-1, does not have is escaped."""
    return TextIOWrapper(
        BufferedWriter(raw),
        encoding=text.encoding,
        errors="backslashreplace" if text.errors == "strict" else text.errors,
        line_buffering=bool(text.line_buffering),
    )


def _open_missing() -> None:
    """A standard file that was closed: Python has none there, and the next file that is opened,
    a database for one, would take its number and what is written to it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            opened = Path(os.devnull).open(mode)  # noqa: SIM115 - for good
            os.set_inheritable(opened.fileno(), True)
            setattr(sys, name, opened)
            # It would be closed with its last name.
            setattr(sys, f"__{name}__", opened)
