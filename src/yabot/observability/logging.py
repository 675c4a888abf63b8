"""Structured logs: YABOT's lines and the libraries', all through one redacting formatter.

structlog is configured when this module is imported, so loggers may be made and kept at any time.
``configure_logging`` configures stdlib's logging: where lines go, how they look and which are
logged; those of libraries from INFO up. Until then stdlib prints warnings only.
"""

import logging
import sys
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from yabot.error_text import error_text, traceback_text
from yabot.lookalikes import shown
from yabot.observability.handlers import (
    CarefulHandler,
    StandardError,
    log_crashes,
    rotating_file,
    tell_first_words,
    tell_warnings,
)
from yabot.redaction import Redactor
from yabot.settings.logs import LoggingSettings

# Set around frequent work, whose lines then have it: structlog's own binding would take 4 µs.
CORRELATION_ID: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def _add_correlation(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    correlation_id = CORRELATION_ID.get()
    if correlation_id is not None:
        event.setdefault("correlation_id", correlation_id)
    return event


COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    _add_correlation,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]
PROCESSORS: list[Processor] = [
    *COMMON,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]

OURS = "yabot"
# The field of a traceback, the only value with several lines.
TRACEBACK = "exception"
# At DEBUG libraries log their data: commands, documents, headers. Those may hold anything, so no
# setting of LOG_LEVEL makes libraries log at DEBUG.
LIBRARIES = logging.INFO
# Libraries that log every update, request or command even at INFO, some with its whole address.
TALKATIVE = ("aiogram.event", "alembic", "httpx", "uvicorn.access")
# It logs a warning for anything that is no request, and strangers may send that without end.
STRANGERS = "uvicorn.error"
# It logs each broken connection, with a traceback; the user of the connection reports it anyway.
HUSHED = "sqlalchemy.pool"


class Logger(structlog.stdlib.BoundLogger):
    """Asks stdlib, which caches whether a level is logged, before any work for a frequent line."""

    def debug(self, event: str | None = None, *args: Any, **kw: Any) -> Any:
        if self._logger.isEnabledFor(logging.DEBUG):
            self._proxy_to_logger("debug", event, *args, **kw)

    def info(self, event: str | None = None, *args: Any, **kw: Any) -> Any:
        if self._logger.isEnabledFor(logging.INFO):
            self._proxy_to_logger("info", event, *args, **kw)


structlog.configure(
    processors=PROCESSORS,
    wrapper_class=Logger,
    logger_factory=structlog.stdlib.LoggerFactory(),
)


def get_logger(name: str) -> FilteringBoundLogger:
    """A logger for the module ``name``; event names are short dotted phrases."""
    return cast(FilteringBoundLogger, Logger(logging.getLogger(name), PROCESSORS, {}))


def configure_logging(
    settings: LoggingSettings,
    secrets: Iterable[str],
    *,
    terminal: bool = True,
    least: int = logging.NOTSET,
) -> None:
    """Sends every line to standard error and, if wanted, to a file, without ``secrets``.

    Without ``terminal`` lines go to the file alone, and those below the level ``least`` in any
    case. May be called again: the last call counts. Of
    errors, types and places are written, and no message but our own. Also logs warnings and
    whatever would end the process or a thread with a traceback. Raises ``ConfigurationError`` if
    the file cannot be written.
    """
    redactor = Redactor(secrets)
    handlers: list[CarefulHandler] = []
    if terminal:
        handlers.append(StandardError())
        handlers[-1].setLevel(least)
        handlers[-1].setFormatter(_formatter(redactor, _renderer(settings.format)))
    if settings.file_path:
        handlers.append(rotating_file(settings))
        handlers[-1].setFormatter(_formatter(redactor, _renderer("json")))
    root = logging.getLogger()
    _replace_handlers(root, handlers)
    ours = logging.getLogger(OURS)
    ours.setLevel(settings.level)
    if not settings.file_path:
        ours.setLevel(max(ours.level, least))
    root.setLevel(max(ours.level, LIBRARIES))
    logging.getLogger(HUSHED).setLevel(logging.CRITICAL)
    logging.getLogger(STRANGERS).setLevel(max(ours.level, logging.ERROR))
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(ours.level, logging.WARNING))
    tell_first_words(logging.getLogger("asyncio"))
    tell_warnings(logging.getLogger("py.warnings"))
    log_crashes(ours)


def _formatter(redactor: Redactor, renderer: Processor) -> logging.Formatter:
    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return redactor.mapping(event)

    return _Formatter(
        foreign_pre_chain=COMMON,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _tell_errors,
            redact,  # after errors have become text, before anything is written
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
    )


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        """Replace errors in libraries' lines by a safe text: their messages may quote anything."""
        if isinstance(record.msg, BaseException) or _errors_in(record.args):
            record = logging.makeLogRecord(record.__dict__)
            if isinstance(record.msg, BaseException):
                record.msg = error_text(record.msg)
            if isinstance(record.args, Mapping):
                record.args = {name: _told(value) for name, value in record.args.items()}
            elif record.args:
                record.args = tuple(map(_told, record.args))
        return super().format(record)


def _errors_in(arguments: object) -> bool:
    values = arguments.values() if isinstance(arguments, Mapping) else arguments or ()
    return isinstance(values, Iterable) and any(isinstance(each, BaseException) for each in values)


def _told(value: Any) -> Any:
    return error_text(value) if isinstance(value, BaseException) else value


def _tell_errors(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    told: EventDict = {name: _told(value) for name, value in event.items()}
    if isinstance(error, BaseException):
        told[TRACEBACK] = traceback_text(error)
    return told


def _renderer(form: str) -> Processor:
    if form == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    plain = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )

    def render(logger: WrappedLogger, method: str, event: EventDict) -> str:
        return plain(logger, method, {name: _visible(name, each) for name, each in event.items()})

    return render


def _visible(name: str, value: Any) -> Any:
    """Escaped, so that text from strangers can neither begin a line nor control the terminal."""
    return shown(value) if isinstance(value, str) and name != TRACEBACK else value


def _replace_handlers(root: logging.Logger, handlers: Iterable[logging.Handler]) -> None:
    for old in root.handlers[:]:
        if isinstance(old, CarefulHandler):
            root.removeHandler(old)
            old.close()
    for handler in handlers:
        root.addHandler(handler)
