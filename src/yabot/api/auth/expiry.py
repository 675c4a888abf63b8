"""What is of no use any more: revoked and used tokens that have expired, keys that have ended."""

from yabot.api.tables import api_revocations, api_service_keys, api_used_tokens
from yabot.clock import utc_now
from yabot.log.retention import Rule


def expired() -> list[Rule]:
    now = utc_now()
    return [
        Rule(api_revocations, api_revocations.c.expires_at < now),
        Rule(api_service_keys, api_service_keys.c.ends_at < now),
        Rule(api_used_tokens, api_used_tokens.c.expires_at < now),
    ]
