"""Keys and tokens as JOSE writes them: the one module that speaks to joserfc.

Whatever is wrong with what somebody has sent, and whatever the library raises for it, is Unusable
here. Only Ed25519 signs and is believed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from joserfc import jws
from joserfc.jwk import OKPKey

from yabot.errors import InvalidInput

ALGORITHM: Final = "Ed25519"
# Of a token, in characters; a head of some proxies takes no more, either.
LONGEST = 4096
_KID = re.compile(r"[A-Za-z0-9._~-]{1,128}")


class Unusable(InvalidInput):
    """It is not what it should be. The message says what it is not, and never quotes it."""


class NotSigned(Unusable):
    """The key has not signed that."""


@contextmanager
def _unusable(what: str) -> Iterator[None]:
    """joserfc raises errors of its own, and ValueError, KeyError, TypeError, RecursionError…"""
    try:
        yield
    except Unusable:
        raise
    except Exception:  # noqa: BLE001 - a stranger's text is read: there is no list of what it does
        # Without the cause, which might quote a key or a token.
        raise Unusable(what) from None


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
        key, kid = _read(text)
        if key.is_private:
            raise Unusable("it is a private key, which belongs to its service alone")
        return cls(kid, _members(key)["x"], key)

    @property
    def jwk(self) -> dict[str, str]:
        """As everybody may read it."""
        return {**_members(self._key), "kid": self.kid, **_USE}

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
        key, kid = _read(text)
        if not key.is_private:
            raise Unusable("it is a public key")
        return cls(kid, key)

    @property
    def public(self) -> PublicKey:
        return PublicKey.read(json.dumps({**_members(self._key), "kid": self.kid}))

    @property
    def text(self) -> str:
        """All of it, as JWK: for a file that only its owner can read."""
        members = {**self._key.as_dict(private=True), "kid": self.kid, **_USE}
        return json.dumps(members, sort_keys=True)

    def sign(self, claims: Mapping[str, Any]) -> str:
        header = {"typ": "JWT", "alg": ALGORITHM, "kid": self.kid}
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
        with _unusable("it is no JWT"):
            found = jws.extract_compact(token.encode())
            header = found.headers()
            if header.get("alg") != ALGORITHM:
                raise Unusable(f"it must be signed with {ALGORITHM}, and its alg say so")
            kid = header.get("kid")
            if not isinstance(kid, str) or not _KID.fullmatch(kid):
                raise Unusable("its header must name the key that has signed it, as kid")
            return cls(kid, found)

    def claims(self, key: PublicKey) -> Mapping[str, Any]:
        """What it says, if ``key`` has signed it. Raises NotSigned, Unusable."""
        with _unusable("its header has fields that YABOT does not read"):
            is_signed = jws.validate_compact(self._token, key._key, [ALGORITHM])
        if not is_signed:
            raise NotSigned("another key has signed it")
        with _unusable("what it says is no JSON object"):
            claims = json.loads(self._token.payload)
            if not isinstance(claims, dict):
                raise Unusable("what it says is no JSON object")
            return claims


def token_id_of(token: str) -> str:
    """The jti that a token names, which nobody has checked. Raises Unusable."""
    with _unusable("it is no token that has a jti"):
        return str(json.loads(jws.extract_compact(token.encode()).payload)["jti"])


_USE = {"alg": ALGORITHM, "use": "sig"}


def _read(text: str) -> tuple[OKPKey, str]:
    with _unusable(f"it is no {ALGORITHM} key, neither as JWK nor as PEM"):
        given = json.loads(text) if text.lstrip().startswith("{") else {}
        key = OKPKey.import_key(given or text)
        if key.curve_name != ALGORITHM:
            raise Unusable(f"it is no {ALGORITHM} key")
        kid = given.get("kid", key.thumbprint())
        if not isinstance(kid, str) or not _KID.fullmatch(kid):
            raise Unusable("its kid must be 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -")
        return key, kid


def _members(key: OKPKey) -> dict[str, str]:
    """Of its public part."""
    found = cast("dict[str, str]", key.as_dict(private=False))
    return {name: found[name] for name in ("kty", "crv", "x")}
