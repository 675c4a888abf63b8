"""The token of a request: signed here, or brought by whoever uses the client."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from yabot_client.clock import YabotsTime
from yabot_client.errors import Misconfigured
from yabot_client.jose import SigningKey
from yabot_client.kept import Kept

# Seconds. YABOT takes ten minutes, and one for a token that holds for one request.
LASTS = 300
LASTS_BOUND = 60
# While it is on its way, it must not expire.
RENEWED_BEFORE = 60
_TOKEN = re.compile(r"[\x20-\x7e]+")


class Tokens(Protocol):
    def of(self, scope: str) -> str:
        """One that allows what needs ``scope``."""

    def renew(self, yabots_now: float | None) -> bool:
        """After one was refused for its time: whether there may be a better one now."""


@dataclass(frozen=True, slots=True)
class _Cached:
    kid: str
    token: str = field(repr=False)
    renew_at: float


@dataclass(frozen=True, slots=True)
class BoundToken:
    """One for one request."""

    text: str = field(repr=False)
    jti: str
    issued_at: int


class SignedTokens:
    """Of a service that signs its own."""

    def __init__(self, service: str, key: Kept[SigningKey], time: YabotsTime) -> None:
        self._service = service
        self._key = key
        self._time = time
        self._by_scope: dict[str, _Cached] = {}

    def of(self, scope: str) -> str:
        key, now = self._key.get(), self._time.now()
        known = self._by_scope.get(scope)
        if known is None or known.kid != key.kid or now >= known.renew_at:
            token = key.sign(self._claims(scope, int(now), LASTS))
            known = _Cached(key.kid, token, now + LASTS - RENEWED_BEFORE)
            self._by_scope[scope] = known
        return known.token

    def bound(self, scope: str, request: Mapping[str, Any]) -> BoundToken:
        """One that holds for ``request`` alone, as ADR 18 describes it."""
        claims = self._claims(scope, int(self._time.now()), LASTS_BOUND)
        token = self._key.get().sign({**claims, "req": request})
        return BoundToken(token, claims["jti"], claims["iat"])

    def renew(self, yabots_now: float | None) -> bool:
        if yabots_now is None or not self._time.learn(yabots_now):
            return False
        self._by_scope.clear()
        return True

    def _claims(self, scope: str, now: int, lasts: int) -> dict[str, Any]:
        return {
            "iss": self._service,
            "sub": self._service,
            "aud": "yabot",
            "iat": now,
            "exp": now + lasts,
            "jti": uuid4().hex,
            "scope": scope,
        }


class GivenTokens:
    """Those of `yabot token issue`, for people and scripts."""

    def __init__(self, token: str | Callable[[], str]) -> None:
        """A function is asked for each request. Raises Misconfigured."""
        self._token = token
        if not callable(token):
            _checked(token)

    def of(self, scope: str) -> str:  # noqa: ARG002 - it allows what whoever issued it has said
        return _checked(self._token() if callable(self._token) else self._token)

    def renew(self, yabots_now: float | None) -> bool:  # noqa: ARG002 - others have signed it
        return callable(self._token)


def _checked(token: str) -> str:
    """Without spaces around it. Raises Misconfigured before an HTTP library quotes it."""
    if not isinstance(token, str) or not _TOKEN.fullmatch(token.strip()):
        raise Misconfigured("The token is none: it has characters that no token has, or is empty.")
    return token.strip()
