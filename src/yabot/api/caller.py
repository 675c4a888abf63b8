"""Who asks: the service that a verified token names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from yabot.api.binding import Binding
from yabot.api.jose.encryption import RecipientKey

Scope = Literal[
    "users:read",
    "users:write",
    "narrative:read",
    "narrative:write",
    "subscriptions:read",
    "subscriptions:write",
    "besitos:read",
    "besitos:write",
    "items:read",
    "items:write",
    "events:read",
    "events:write",
    "admin",
]
SCOPES: tuple[str, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """``token_id`` is the token's ``jti``, by which it can be revoked.

    With a ``binding`` the token is valid for one request alone. With ``encrypt_to``, that request
    is encrypted, and its answer must be.
    """

    service: str
    scopes: frozenset[str]
    token_id: str
    expires_at: datetime
    binding: Binding | None = None
    encrypt_to: RecipientKey | None = None
