"""What prevents a start, or ends the program, is in the log too: nobody may be at the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from yabot.errors import ConfigurationError, YabotError
from yabot.machine_limits import LimitReached, machine_limits_told
from yabot.observability.logging import configure_logging, get_logger
from yabot.settings import ConfigManager

log = get_logger(__name__)


@contextmanager
def told_in_log() -> Iterator[None]:
    """Around the program: an error goes to the log, wherever the settings want that, and on."""
    try:
        with machine_limits_told():
            yield
    except YabotError as error:
        if _opens_log():
            reasons = str(error).splitlines()
            # Of what is foreseen, the sentence is enough; a limit may be reached by a leak of ours.
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
    """As far as the settings can be read. On a terminal the sentence itself is enough."""
    settings = ConfigManager().as_far_as_right()
    chosen, terminal = settings.logging, settings.logging.format == "json"
    try:
        configure_logging(chosen, settings.secrets(), terminal=terminal)
    except ConfigurationError:
        chosen = chosen.model_copy(update={"file_path": None})
        configure_logging(chosen, settings.secrets(), terminal=terminal)
    return terminal or chosen.file_path is not None
