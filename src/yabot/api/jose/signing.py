"""JOSE signatures; only Ed25519 is used and accepted.

Anything wrong with what was sent, and any error of the library for it, becomes Unusable.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jws

from yabot.api.jose.keys import PrivatePart, PublicPart
from yabot.api.jose.unusable import Unusable, is_kid, reading

ALGORITHM: Final = "Ed25519"
# Most characters of a token; some proxies take no longer header, either.
LONGEST = 4096


class NotSigned(Unusable):
    """The token was not signed with the key."""


class PublicKey(PublicPart):
    """Checks what was signed with its private part."""

    __slots__ = ()
    CURVE, ALGORITHM, USE = "Ed25519", ALGORITHM, "sig"


class SigningKey(PrivatePart[PublicKey]):
    __slots__ = ()
    PUBLIC = PublicKey

    def sign(self, claims: Mapping[str, Any], typ: str = "JWT") -> str:
        """A compact JWS; ``typ`` keeps a signature for one purpose from being used for another."""
        header = {"typ": typ, "alg": ALGORITHM, "kid": self.kid}
        payload = json.dumps(claims, separators=(",", ":"))
        return jws.serialize_compact(header, payload, self._key, [ALGORITHM])


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that is not verified yet: it only tells the key with which to verify it."""

    kid: str
    _token: jws.CompactSignature

    @classmethod
    def read(cls, token: str) -> "Presented":
        """Raises Unusable."""
        if len(token) > LONGEST:
            raise Unusable(f"it has more than {LONGEST} characters")
        with reading("it is no JWT"):
            found = jws.extract_compact(token.encode())
            header = found.headers()
            if header.get("alg") != ALGORITHM:
                raise Unusable(f"it must be signed with {ALGORITHM}, and its alg say so")
            kid = header.get("kid")
            if not is_kid(kid):
                raise Unusable("its header must name the key that has signed it, as kid")
            return cls(kid, found)

    def claims(self, key: PublicKey) -> Mapping[str, Any]:
        """The claims, if ``key`` has signed the token. Raises NotSigned, Unusable."""
        with reading("its header has fields that YABOT does not read"):
            is_signed = jws.validate_compact(self._token, key._key, [ALGORITHM])
        if not is_signed:
            raise NotSigned("another key has signed it")
        with reading("what it says is no JSON object"):
            claims = json.loads(self._token.payload)
            if not isinstance(claims, dict):
                raise Unusable("what it says is no JSON object")
            return claims


def token_id_of(token: str) -> str:
    """The jti of a token that is not verified. Raises Unusable."""
    with reading("it is no token that has a jti"):
        return str(json.loads(jws.extract_compact(token.encode()).payload)["jti"])
