"""Tokens of our own, for people and scripts; services that can, sign their own."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import uuid4

from yabot.api.auth.claims import claims_of
from yabot.api.auth.keys import SigningKeys
from yabot.clock import utc_now


def issue(
    keys: SigningKeys,
    service: str,
    scopes: Iterable[str],
    lifetime: timedelta,
    certificate: str | None = None,
) -> str:
    """A token that names ``service`` and may do what ``scopes`` say; with a ``certificate``, a
    thumbprint, only for who shows that. Raises ConfigurationError.
    """
    now = utc_now()
    claims = claims_of(service, frozenset(scopes), str(uuid4()), now, lifetime, certificate)
    return keys.current(now).sign(claims)
