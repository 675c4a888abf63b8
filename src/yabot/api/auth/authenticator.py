"""Finds out who asks: the service that a request's token names, if the token is valid."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from yabot.api.answering.problems import Problem
from yabot.api.auth import refusals
from yabot.api.auth.claims import (
    LONGEST_OF_BOUND,
    LONGEST_OF_OURS,
    LONGEST_OF_SERVICES,
    Claims,
    Confirmation,
    Wrong,
)
from yabot.api.auth.judging import Judge, Judging
from yabot.api.auth.knowledge import Knowledge
from yabot.api.auth.refusals import refuse
from yabot.api.auth.registered import Holder
from yabot.api.auth.transport import require_bound, require_certificate, require_protected
from yabot.api.auth.used import UsedTokens
from yabot.api.caller import Caller
from yabot.api.jose.signing import NotSigned, Presented
from yabot.api.jose.unusable import Unusable
from yabot.api.phases import Message
from yabot.clock import utc_now
from yabot.runtime.peer import peer_of
from yabot.runtime.recent import Recent

# Verified tokens that are remembered: to verify one costs as much as the rest of a request.
MOST_REMEMBERED = 10_000
_WRONG: dict[Wrong, Problem] = {
    "expired": refusals.EXPIRED,
    "not_yet_valid": refusals.NOT_YET_VALID,
    "lasts_too_long": refusals.LASTS_TOO_LONG,
}


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    holder: Holder
    confirmed: Confirmation | None


class Authenticator:
    """Called with the ASGI scope of a request: gives the caller, or raises Refused."""

    def __init__(self, knowledge: Knowledge, used: UsedTokens, judge: Judge) -> None:
        self._knowledge = knowledge
        self._used = used
        self._judge = judge
        # By the token's digest; the token used last stands last.
        self._verified: Recent[bytes, _Verified] = Recent(MOST_REMEMBERED)

    async def __call__(self, scope: Message) -> Caller:
        async with Judging(self._judge, scope):
            return await self._caller(scope)

    async def _caller(self, scope: Message) -> Caller:
        peer = peer_of(scope)
        require_certificate(peer)
        known = await self._known(_bearer(scope), scope)
        # These depend on the connection, not on the token, so they are checked for each request.
        require_bound(peer, known.holder.certificate_name, known.confirmed)
        require_protected(peer, known.caller)
        return known.caller

    async def _known(self, token: str, scope: Message) -> _Verified:
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is None or not self._still_holds(known):
            self._verified.pop(digest, None)
            known = await self._verify(token, scope)
            if known.caller.binding is not None:
                # The token does not come again, so it need not be remembered.
                return known
        self._verified[digest] = known
        return known

    def _still_holds(self, known: _Verified) -> bool:
        caller, holder = known.caller, known.holder
        return (
            utc_now() < caller.expires_at
            and self._knowledge.holder(holder.key.kid) == holder
            and not self._knowledge.is_revoked(caller.token_id)
        )

    async def _verify(self, token: str, scope: Message) -> _Verified:
        try:
            presented = Presented.read(token)
            holder = await self._knowledge.find(presented.kid)
            if holder is None:
                raise refuse(refusals.KEY_UNKNOWN)
            said = presented.claims(holder.key)
        except NotSigned:
            raise refuse(refusals.SIGNATURE_WRONG) from None
        except Unusable as error:
            raise refuse(refusals.MALFORMED, f"The token cannot be read: {error}.") from None
        claims = _read(said)
        caller = self._caller_of(claims, holder)
        self._require_for_this(caller, scope)
        return _Verified(caller, holder, claims.cnf)

    def _caller_of(self, claims: Claims, holder: Holder) -> Caller:
        """The caller, with the token's scopes that the key's holder may give. Raises Refused."""
        if not claims.is_for_us:
            raise refuse(refusals.AUDIENCE_WRONG)
        if not holder.signs_for(claims.iss, claims.sub):
            raise refuse(refusals.ISSUER_WRONG)
        if wrong := claims.wrong_at(utc_now(), _longest(claims, holder)):
            raise refuse(_WRONG[wrong])
        if self._knowledge.is_revoked(claims.jti):
            raise refuse(refusals.REVOKED)
        return Caller(
            claims.sub,
            claims.scopes & holder.scopes,
            claims.jti,
            claims.expires_at,
            claims.req,
            holder.encrypt_to,
        )

    def _require_for_this(self, caller: Caller, scope: Message) -> None:
        """Check what is known before the body has come. Raises Refused."""
        if caller.binding is None:
            if caller.encrypt_to is not None:
                raise refuse(refusals.UNBOUND)
            return
        if not caller.binding.is_of(scope):
            raise refuse(refusals.BOUND_ELSEWHERE)
        self._used.require_unseen(caller)


def _read(said: Mapping[str, Any]) -> Claims:
    """Raises Refused."""
    claims = Claims.read(said)
    if isinstance(claims, Claims):
        return claims
    told = ", ".join(claims)
    raise refuse(refusals.MALFORMED, f"The token lacks these claims, or they are wrong: {told}.")


def _longest(claims: Claims, holder: Holder) -> timedelta:
    if claims.req is not None:
        return LONGEST_OF_BOUND
    return LONGEST_OF_OURS if holder.service is None else LONGEST_OF_SERVICES


def _bearer(scope: Message) -> str:
    """The token. Raises Refused."""
    given: list[bytes] = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        raise refuse(refusals.MISSING)
    scheme, _, token = given[0].decode("latin-1").partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise refuse(refusals.MALFORMED, "Authorization must be Bearer and a token, once.")
    return token.strip()
