"""What fails for no reason that a client could mend."""

from yabot.api.answering import problems
from yabot.api.answering.problems import Refused
from yabot.observability.logging import get_logger

log = get_logger(__name__)


def failure(correlation_id: str, error: Exception) -> Refused:
    """To be answered; why, is said in the log alone."""
    log.error("api.failed", correlation_id=correlation_id, exc_info=error)
    return problems.INTERNAL_ERROR.refuse()
