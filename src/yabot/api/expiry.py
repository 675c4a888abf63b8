"""Expiry of answers whose requests can hardly come again."""

from yabot.api.tables import api_answers
from yabot.log.retention import Ages, Rule


def expired(ages: Ages) -> list[Rule]:
    """Answers stay as long as the receipts of their requests."""
    return [Rule(api_answers, api_answers.c.created_at < ages.very_old)]
