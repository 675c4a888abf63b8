"""What SQL knows of tokens: which services sign their own, and which tokens are revoked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from yabot.api.auth.claims import ISSUER
from yabot.api.caller import SCOPES
from yabot.api.jose.encryption import RecipientKey
from yabot.api.jose.signing import PublicKey
from yabot.api.tables import api_revocations, api_service_keys, api_services
from yabot.storage.relational.database import Statement


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of ``key``, and the scopes that its tokens may have. Without a ``service`` the key
    is our own, and its tokens may name any service.
    """

    key: PublicKey
    service: str | None = None
    scopes: frozenset[str] = frozenset(SCOPES)
    # The DNS name that the client certificate of its requests must be for.
    certificate_name: str | None = None
    # The key that its answers are encrypted to; then its requests must be encrypted, too.
    encrypt_to: RecipientKey | None = None

    def signs_for(self, issuer: str, subject: str) -> bool:
        """Whether the key may sign such a token: services speak for themselves alone."""
        if self.service is None:
            return issuer == ISSUER
        return issuer == subject == self.service


@dataclass(frozen=True, slots=True)
class Registered:
    # By kid.
    holders: Mapping[str, Holder]
    revoked: frozenset[str]


_holders = select(
    api_service_keys.c.jwk,
    api_services.c.name,
    api_services.c.scopes,
    api_services.c.certificate_name,
    api_services.c.encrypt_to,
).where(
    api_service_keys.c.service == api_services.c.name,
    api_service_keys.c.ends_at.is_(None) | (api_service_keys.c.ends_at > bindparam("now")),
)
_revoked = select(api_revocations.c.token_id).where(api_revocations.c.expires_at > bindparam("now"))


def registered(now: datetime) -> Statement[Registered]:
    def read(connection: Connection) -> Registered:
        holders = [_holder(*row) for row in connection.execute(_holders, {"now": now})]
        revoked = connection.execute(_revoked, {"now": now}).scalars()
        return Registered({each.key.kid: each for each in holders}, frozenset(revoked))

    return read


def _holder(
    jwk: str, service: str, scopes: str, certificate_name: str | None, encrypt_to: str | None
) -> Holder:
    return Holder(
        PublicKey.read(jwk),
        service,
        frozenset(scopes.split()),
        certificate_name,
        None if encrypt_to is None else RecipientKey.read(encrypt_to),
    )
