"""Who asks: the service that a verified token names."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

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
    """``token_id`` is the token's ``jti``, by which it can be revoked."""

    service: str
    scopes: frozenset[str]
    token_id: str
    expires_at: datetime
