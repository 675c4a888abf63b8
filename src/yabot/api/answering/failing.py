"""Failures that a client cannot mend."""

from yabot.api.answering import problems
from yabot.api.answering.problems import Refused
from yabot.observability.logging import get_logger

log = get_logger(__name__)


def failure(correlation_id: str, error: Exception) -> Refused:
    """The refusal to be answered; the reason is only told in the log."""
    log.error("api.failed", correlation_id=correlation_id, exc_info=error)
    return problems.INTERNAL_ERROR.refuse()
