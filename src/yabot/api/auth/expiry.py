"""Revocations of tokens that have expired since, and keys of services that have ended: both go."""

from yabot.api.tables import api_revocations, api_service_keys
from yabot.clock import utc_now
from yabot.log.retention import Rule


def expired() -> list[Rule]:
    now = utc_now()
    return [
        Rule(api_revocations, api_revocations.c.expires_at < now),
        Rule(api_service_keys, api_service_keys.c.ends_at < now),
    ]
