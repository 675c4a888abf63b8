"""Encryption as JOSE writes it: ECDH-ES with X25519, A256GCM, and nothing else.

Whoever knows a public key can encrypt for it: a JWE says nothing of who has made it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from joserfc import jwe
from joserfc.jwk import GuestProtocol, OKPKey

from yabot.api.jose.keys import public_members, read_key, require_private, require_public
from yabot.api.jose.unusable import Unusable, is_kid, reading

ALGORITHM: Final = "ECDH-ES"
ENCRYPTION: Final = "A256GCM"
CURVE: Final = "X25519"
# Nothing that compresses (what it becomes has no bound), and nothing that brings a key along.
_HEADER = frozenset({"alg", "enc", "kid", "epk", "cty", "typ"})
_USE = {"alg": ALGORITHM, "use": "enc"}
# Four characters for three octets.
_BASE64 = 4 / 3


class _Registry(jwe.JWERegistry):
    """joserfc's, which takes 64 KiB: how much is read here, its caller says."""

    max_ciphertext_length = 2**31


_REGISTRY = _Registry(algorithms=[ALGORITHM, ENCRYPTION])


def longest_of(plain: int) -> int:
    """How many characters are enough for ``plain`` octets, encrypted."""
    return int(plain * _BASE64) + 1024


@dataclass(frozen=True, slots=True)
class RecipientKey:
    """Encrypts for whoever has its private part; known by ``kid``."""

    kid: str
    # The key itself, as JWK has it.
    x: str
    _key: OKPKey = field(compare=False, repr=False)

    @classmethod
    def read(cls, text: str) -> "RecipientKey":
        """From a JWK or PEM. Without a ``kid`` of its own, it is known by its thumbprint.

        Raises Unusable, for a private key as well.
        """
        key, kid = read_key(text, CURVE)
        require_public(key)
        return cls(kid, public_members(key)["x"], key)

    @classmethod
    def tried(cls, text: str) -> "RecipientKey":
        """As above, and there are keys of which no secret can come: nobody can encrypt for them.

        Raises Unusable.
        """
        key = cls.read(text)
        with reading("nothing can be encrypted for it; make another one"):
            key.encrypt(b"", "application/json")
        return key

    @property
    def jwk(self) -> dict[str, str]:
        """As everybody may read it."""
        return {**public_members(self._key), "kid": self.kid, **_USE}

    @property
    def text(self) -> str:
        """The same, as JSON."""
        return json.dumps(self.jwk, sort_keys=True)

    def encrypt(self, plain: bytes, content_type: str) -> str:
        """A compact JWE; ``content_type`` is what ``plain`` is, as cty has it."""
        header = {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": self.kid, "cty": content_type}
        return jwe.encrypt_compact(header, plain, self._key, registry=_REGISTRY)


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    kid: str
    _key: OKPKey = field(compare=False, repr=False)

    @classmethod
    def generate(cls) -> "DecryptionKey":
        key = OKPKey.generate_key(CURVE)
        return cls(key.thumbprint(), key)

    @classmethod
    def read(cls, text: str) -> "DecryptionKey":
        """Raises Unusable, for a public key as well."""
        key, kid = read_key(text, CURVE)
        require_private(key)
        return cls(kid, key)

    @property
    def public(self) -> RecipientKey:
        return RecipientKey.read(json.dumps({**public_members(self._key), "kid": self.kid}))

    @property
    def text(self) -> str:
        """All of it, as JWK: for a file that only its owner can read."""
        members = {**self._key.as_dict(private=True), "kid": self.kid, **_USE}
        return json.dumps(members, sort_keys=True)


def decrypt(
    text: bytes, key_of: Callable[[str], DecryptionKey | None], content_type: str | None = None
) -> bytes:
    """What was encrypted for the key that a compact JWE names. Raises Unusable.

    ``key_of`` gives a key of ours by its kid. With a ``content_type`` the JWE has to say, as cty,
    that it is of that.
    """

    def find(recipient: GuestProtocol) -> OKPKey:
        header = recipient.headers()
        _require_ours(header)
        if content_type is not None and header.get("cty") != content_type:
            raise Unusable(f"its cty must be {content_type}")
        if (key := key_of(header["kid"])) is None:
            raise Unusable("it was encrypted for a key that is not ours, or no longer")
        return key._key

    with reading("it is no compact JWE that was encrypted for the key that it names, unchanged"):
        return jwe.decrypt_compact(text, find, registry=_REGISTRY).plaintext or b""


def _require_ours(header: Mapping[str, Any]) -> None:
    for wrong in _wrongs_of(header):
        raise Unusable(wrong)


def _wrongs_of(header: Mapping[str, Any]) -> Iterator[str]:
    if (header.get("alg"), header.get("enc")) != (ALGORITHM, ENCRYPTION):
        yield f"its alg must be {ALGORITHM} and its enc {ENCRYPTION}"
    if not is_kid(header.get("kid")):
        yield "its header must name the key that it is encrypted for, as kid"
    if not header.keys() <= _HEADER:
        yield f"its header may hold {', '.join(sorted(_HEADER))}, and nothing else"
