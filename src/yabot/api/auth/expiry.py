"""Rows that are of no use any more: expired tokens that were revoked or used, ended keys."""

from yabot.api.tables import api_revocations, api_service_keys, api_used_tokens
from yabot.log.retention import Ages, Rule


def expired(ages: Ages) -> list[Rule]:
    return [
        Rule(api_revocations, api_revocations.c.expires_at < ages.now),
        Rule(api_service_keys, api_service_keys.c.ends_at < ages.now),
        Rule(api_used_tokens, api_used_tokens.c.expires_at < ages.now),
    ]
