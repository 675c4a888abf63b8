"""Issues tokens for people and scripts; services that can do so sign their own."""

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
    """A token for ``service`` with these ``scopes``; with a ``certificate``, a thumbprint, it is
    only valid with that client certificate. Raises ConfigurationError.
    """
    now = utc_now()
    claims = claims_of(service, frozenset(scopes), str(uuid4()), now, lifetime, certificate)
    return keys.current(now).sign(claims)
