"""Logs what prevents a start or ends the program, as nobody may be at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from yabot.errors import ConfigurationError, YabotError
from yabot.machine_limits import LimitReached, machine_limits_told
from yabot.observability.logging import configure_logging, get_logger
from yabot.settings import ConfigManager

log = get_logger(__name__)


@contextmanager
def told_in_log() -> Iterator[None]:
    """Log an error of the program where the settings want the log, and raise it again."""
    try:
        with machine_limits_told():
            yield
    except YabotError as error:
        if _opens_log():
            reasons = str(error).splitlines()
            # A foreseen error needs no traceback, but a reached limit may be a leak of ours.
            cause = error if isinstance(error, LimitReached) else None
            log.error(  # noqa: TRY400
                "yabot.failed", code=error.code, reasons=reasons, exc_info=cause
            )
        raise
    except Exception:
        if _opens_log():
            log.exception("yabot.failed", code=YabotError.code)
        raise


def _opens_log() -> bool:
    """Open the log, as far as the settings are right. False if it is a terminal alone, where the
    sentence itself is enough."""
    settings = ConfigManager().as_far_as_right()
    chosen, terminal = settings.logging, settings.logging.format == "json"
    try:
        configure_logging(chosen, settings.secrets(), terminal=terminal)
    except ConfigurationError:
        chosen = chosen.model_copy(update={"file_path": None})
        configure_logging(chosen, settings.secrets(), terminal=terminal)
    return terminal or chosen.file_path is not None
