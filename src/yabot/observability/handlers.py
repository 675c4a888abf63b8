"""Where log lines go. Only records that were formatted, and so redacted, are ever written."""

import logging
import os
import re
import sys
import threading
import warnings
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

from yabot.errors import ConfigurationError
from yabot.machine_limits import limit_reached
from yabot.private_files import require_ours
from yabot.settings.logs import LoggingSettings


class CarefulHandler(logging.Handler):
    """Reports a line that could not be written, without its content.

    stdlib would print the record's message and arguments, secrets and all.
    """

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - stdlib's name
        reason = type(sys.exc_info()[1]).__name__
        with suppress(Exception):
            sys.stderr.write(f"A log line of {record.name} could not be written: {reason}\n")


class StandardError(CarefulHandler, logging.StreamHandler[TextIO]):
    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr  # it may have been replaced since
        super().emit(record)


class RotatingFile(CarefulHandler, RotatingFileHandler):
    """A file that is put away as ``name.1``, ``name.2``… when it grows too large.

    If another program has moved or removed the file, lines go to a new one; if the file cannot be
    put away, it grows on.
    """

    _grows_on = False

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - stdlib's name
        opened = self.stream
        if opened is not None and self._is_gone(opened.fileno()):
            opened.close()
            self.stream = None  # it is opened anew
        return bool(super().shouldRollover(record))

    def doRollover(self) -> None:  # noqa: N802 - stdlib's name
        try:
            super().doRollover()
        except OSError as error:
            self.stream = self.stream or self._open()
            if not self._grows_on:
                told = f"{self.baseFilename} cannot be put away, and grows on: {error.strerror}"
                sys.stderr.write(f"{told}\n")
            self._grows_on = True
        else:
            self._grows_on = False

    def _is_gone(self, descriptor: int) -> bool:
        try:
            there = Path(self.baseFilename).stat()
        except OSError:
            return True
        return not os.path.samestat(there, os.fstat(descriptor))


def rotating_file(settings: LoggingSettings) -> RotatingFile:
    """The file that ``settings`` name; creates its directory. Raises ConfigurationError,
    LimitReached."""
    path = settings.file_path
    assert path is not None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        require_ours(path, "LOG_FILE_PATH")
        return RotatingFile(
            path,
            maxBytes=settings.max_file_size,
            backupCount=settings.backup_count,
            encoding="utf-8",
            errors="backslashreplace",
        )
    except OSError as error:
        problem = f"LOG_FILE_PATH: {path} cannot be written: {error.strerror}; set another path"
        limit = limit_reached(error, f"LOG_FILE_PATH ({path})")
        raise limit or ConfigurationError([problem]) from None


def log_crashes(logger: logging.Logger) -> None:
    """Log the traceback of a dying process or thread, so that it is redacted."""

    def process(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            logger.critical("process.crashed", exc_info=(kind, error, trace))

    def thread(crash: threading.ExceptHookArgs) -> None:
        if crash.exc_value is not None:
            details = (crash.exc_type, crash.exc_value, crash.exc_traceback)
            logger.error("thread.crashed", exc_info=details)

    sys.excepthook = process
    threading.excepthook = thread


def tell_warnings(logger: logging.Logger) -> None:
    """Log the kind and place of warnings, without the message, which may quote a value."""

    def show(
        _message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        _file: TextIO | None = None,
        _line: str | None = None,
    ) -> None:
        logger.warning("%s at %s:%s", category.__name__, filename, lineno)

    warnings.showwarning = show  # type: ignore[assignment] # names of arguments


class _FirstWords(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        words = re.match(r"[A-Za-z' ]*", str(record.msg))
        record.msg, record.args = words[0].strip() if words else "", ()
        return True


_FIRST_WORDS = _FirstWords()


def tell_first_words(logger: logging.Logger) -> None:
    """Cut asyncio's messages to their first words: then come callbacks and futures with their
    content."""
    logger.addFilter(_FIRST_WORDS)
