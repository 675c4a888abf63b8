"""Makes standard input, output and error safe: closed, without a reader, or on a full disk.

A command does its work and ends with the right exit code, even if nobody reads what it says.
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
    """Drops all output once its reader has left, or it could not be written."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.is_read = True

    def write(self, data: bytes) -> int:  # type: ignore[override] # FileIO's may be any buffer
        """Raises OutputLost once, if the output has a reader and cannot be written."""
        try:
            return super().write(data)
        except OSError as error:
            # Otherwise Python would try to write it again at the end, and complain again.
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
    """Standard error: if it cannot be written, the text is dropped, as nobody can be told."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)

    def write(self, data: bytes) -> int:  # type: ignore[override] # as above
        try:
            return super().write(data)
        except OSError:
            # It stays open: a disk may have room again later.
            return len(data)


def _over(raw: FileIO, text: TextIO) -> TextIO:
    """``text`` on another file; characters that its encoding, say Latin-1, lacks are escaped."""
    return TextIOWrapper(
        BufferedWriter(raw),
        encoding=text.encoding,
        errors="backslashreplace" if text.errors == "strict" else text.errors,
        line_buffering=bool(text.line_buffering),
    )


def _open_missing() -> None:
    """Open standard files that were closed: otherwise the next file that is opened, such as a
    database, would get such a file's number, and all that is written to it."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            opened = Path(os.devnull).open(mode)  # noqa: SIM115 - for good
            os.set_inheritable(opened.fileno(), True)
            setattr(sys, name, opened)
            # The second name keeps Python from closing it.
            setattr(sys, f"__{name}__", opened)
