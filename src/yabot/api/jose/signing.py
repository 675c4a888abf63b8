"""Signatures as JOSE writes them; only Ed25519 signs and is believed.

Whatever is wrong with what somebody has sent, and whatever the library raises for it, is Unusable.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import OKPKey

from yabot.api.jose.keys import public_members, read_key, require_private, require_public
from yabot.api.jose.unusable import Unusable, is_kid, reading

ALGORITHM: Final = "Ed25519"
# Of a token, in characters; a head of some proxies takes no more, either.
LONGEST = 4096


class NotSigned(Unusable):
    """The key has not signed that."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks what was signed with its private part; known by ``kid``."""

    kid: str
    # The key itself, as JWK has it.
    x: str
    _key: OKPKey = field(compare=False, repr=False)

    @classmethod
    def read(cls, text: str) -> "PublicKey":
        """From a JWK or PEM. Without a ``kid`` of its own, it is known by its thumbprint.

        Raises Unusable, for a private key as well.
        """
        key, kid = read_key(text, ALGORITHM)
        require_public(key)
        return cls(kid, public_members(key)["x"], key)

    @property
    def jwk(self) -> dict[str, str]:
        """As everybody may read it."""
        return {**public_members(self._key), "kid": self.kid, **_USE}

    @property
    def text(self) -> str:
        """The same, as JSON."""
        return json.dumps(self.jwk, sort_keys=True)


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    _key: OKPKey = field(compare=False, repr=False)

    @classmethod
    def generate(cls) -> "SigningKey":
        key = OKPKey.generate_key(ALGORITHM)
        return cls(key.thumbprint(), key)

    @classmethod
    def read(cls, text: str) -> "SigningKey":
        """Raises Unusable, for a public key as well."""
        key, kid = read_key(text, ALGORITHM)
        require_private(key)
        return cls(kid, key)

    @property
    def public(self) -> PublicKey:
        return PublicKey.read(json.dumps({**public_members(self._key), "kid": self.kid}))

    @property
    def text(self) -> str:
        """All of it, as JWK: for a file that only its owner can read."""
        members = {**self._key.as_dict(private=True), "kid": self.kid, **_USE}
        return json.dumps(members, sort_keys=True)

    def sign(self, claims: Mapping[str, Any], typ: str = "JWT") -> str:
        """A compact JWS; ``typ`` keeps what is signed for one end from being taken for another."""
        header = {"typ": typ, "alg": ALGORITHM, "kid": self.kid}
        payload = json.dumps(claims, separators=(",", ":"))
        return jws.serialize_compact(header, payload, self._key, [ALGORITHM])


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that nobody has checked yet: all that it says so far is with which key to do that."""

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
        """What it says, if ``key`` has signed it. Raises NotSigned, Unusable."""
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
    """The jti that a token names, which nobody has checked. Raises Unusable."""
    with reading("it is no token that has a jti"):
        return str(json.loads(jws.extract_compact(token.encode()).payload)["jti"])


_USE = {"alg": ALGORITHM, "use": "sig"}
