"""Ed25519 signatures, and ECDH-ES with X25519 and A256GCM, as JOSE writes them; nothing else.

Whatever is wrong with a text, and whatever the library raises for it, is Unusable.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from joserfc import jwe, jws
from joserfc.jwk import GuestProtocol, OKPKey

SIGNED: Final = "Ed25519"
AGREED: Final = "ECDH-ES"
ENCRYPTED: Final = "A256GCM"
_KID = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_HEADER_OF_SIGNED = frozenset({"alg", "kid", "typ"})
_HEADER_OF_ENCRYPTED = frozenset({"alg", "enc", "kid", "epk", "cty"})


class _Encrypted(jwe.JWERegistry):
    """joserfc's, which takes 64 KiB: how much is read, the transport bounds."""

    max_ciphertext_length = 2**31


class _Signed(jws.JWSRegistry):
    """The same, which takes 125 KiB."""

    max_payload_length = 2**31


_ENCRYPTED = _Encrypted(algorithms=[AGREED, ENCRYPTED])
_SIGNED = _Signed(algorithms=[SIGNED])


class Unusable(ValueError):
    """The message says what it is not, and never quotes it."""


class KeyUnknown(Unusable):
    """It names a key that is not among those that are looked in."""


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except Unusable:
        raise
    except Exception:  # noqa: BLE001 - a stranger's text is read: there is no list of what it does
        # Without the cause, which might quote a key or a body.
        raise Unusable(what) from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    _key: OKPKey = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "SigningKey":
        """From a PEM or JWK. Raises Unusable."""
        return cls(*_private(text, "Ed25519"))

    def sign(self, claims: Mapping[str, Any]) -> str:
        header = {"typ": "JWT", "alg": SIGNED, "kid": self.kid}
        payload = json.dumps(claims, separators=(",", ":"))
        return jws.serialize_compact(header, payload, self._key, registry=_SIGNED)


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    kid: str
    _key: OKPKey = field(repr=False)

    @classmethod
    def read(cls, text: str) -> "DecryptionKey":
        """From a PEM or JWK. Raises Unusable."""
        return cls(*_private(text, "X25519"))


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One of YABOT's, of a JWK set: checks signatures, or is encrypted to."""

    kid: str
    # The key itself, as JWK has it.
    x: str
    _key: OKPKey = field(repr=False, compare=False)

    @classmethod
    def read(cls, jwk: Mapping[str, Any], curve: Literal["Ed25519", "X25519"]) -> "PublicKey":
        """Raises Unusable."""
        with _reading(f"it holds a key that is no public {curve} key with a kid"):
            key = OKPKey.import_key({name: jwk[name] for name in ("kty", "crv", "x")})
            if key.curve_name != curve or not _is_kid(jwk["kid"]) or "d" in jwk:
                raise ValueError
            return cls(jwk["kid"], jwk["x"], key)

    def encrypt(self, plain: bytes) -> bytes:
        """A compact JWE of JSON."""
        header = {"alg": AGREED, "enc": ENCRYPTED, "kid": self.kid, "cty": "application/json"}
        return jwe.encrypt_compact(header, plain, self._key, registry=_ENCRYPTED).encode()


def decrypted(text: bytes, key_of: Callable[[str], DecryptionKey | None]) -> bytes:
    """What a compact JWE holds that says it holds a JWT. Raises Unusable."""

    def find(recipient: GuestProtocol) -> OKPKey:
        header = recipient.headers()
        algorithms = header.get("alg"), header.get("enc"), header.get("cty")
        if algorithms != (AGREED, ENCRYPTED, "JWT") or not header.keys() <= _HEADER_OF_ENCRYPTED:
            raise Unusable("it is encrypted in another way than agreed")
        if (key := key_of(str(header.get("kid")))) is None:
            raise KeyUnknown("it is encrypted for a key that is not among decryption_keys")
        return key._key

    with _reading("it is no compact JWE that is encrypted for the key that it names, unchanged"):
        return jwe.decrypt_compact(text, find, registry=_ENCRYPTED).plaintext or b""


def verified(text: bytes, typ: str, key_of: Callable[[str], PublicKey | None]) -> dict[str, Any]:
    """The claims of a compact JWS of this ``typ``. Raises Unusable."""
    with _reading("it is no compact JWS"):
        found = jws.extract_compact(text, registry=_SIGNED)
        header = found.headers()
        if (header.get("alg"), header.get("typ")) != (SIGNED, typ):
            raise Unusable("it is signed in another way than agreed, or is meant for another end")
        if not header.keys() <= _HEADER_OF_SIGNED:
            raise Unusable("its header says more than agreed")
        if (key := key_of(str(header.get("kid")))) is None:
            raise KeyUnknown("it is signed with a key that is not known as YABOT's")
        if not jws.validate_compact(found, key._key, registry=_SIGNED):
            raise Unusable("the key that it names has not signed it")
        claims = json.loads(found.payload)
        if not isinstance(claims, dict):
            raise Unusable("what it says is no JSON object")
        return claims


def _private(text: str, curve: str) -> tuple[str, OKPKey]:
    with _reading(f"it is no {curve} key, neither as PEM nor as JWK"):
        given = json.loads(text) if text.lstrip().startswith("{") else {}
        key = OKPKey.import_key(given or text)
        if key.curve_name != curve:
            raise Unusable(f"it is a key of another curve than {curve}")
        if not key.is_private:
            raise Unusable("it is a public key, and the private one is needed")
        kid = given.get("kid", key.thumbprint())
        if not _is_kid(kid):
            raise Unusable("its kid must be 1 to 128 of the characters A-Z a-z 0-9 . _ ~ -")
        return kid, key


def _is_kid(kid: object) -> bool:
    return isinstance(kid, str) and _KID.fullmatch(kid) is not None
