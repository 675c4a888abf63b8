"""JOSE encryption: ECDH-ES with X25519 and A256GCM, and nothing else.

Anybody who knows a public key can encrypt to it: a JWE does not prove who has made it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self

from joserfc import jwe
from joserfc.jwk import GuestProtocol, OKPKey

from yabot.api.jose.keys import PrivatePart, PublicPart
from yabot.api.jose.unusable import Unusable, is_kid, reading

ALGORITHM: Final = "ECDH-ES"
ENCRYPTION: Final = "A256GCM"
# No compression, whose result has no bound, and no field that brings a key along.
_HEADER = frozenset({"alg", "enc", "kid", "epk", "cty", "typ"})
# Four characters for three octets.
_BASE64 = 4 / 3


class _Registry(jwe.JWERegistry):
    """joserfc's registry takes 64 KiB at most; here the caller limits how much is read."""

    max_ciphertext_length = 2**31


_REGISTRY = _Registry(algorithms=[ALGORITHM, ENCRYPTION])


def longest_of(plain: int) -> int:
    """How many characters are enough for ``plain`` octets once they are encrypted."""
    return int(plain * _BASE64) + 1024


class RecipientKey(PublicPart):
    """Encrypts to the holder of its private part."""

    __slots__ = ()
    CURVE, ALGORITHM, USE = "X25519", ALGORITHM, "enc"

    @classmethod
    def tried(cls, text: str) -> Self:
        """Like ``read``, but refuses keys that yield no shared secret: nobody can encrypt to them.

        Raises Unusable.
        """
        key = cls.read(text)
        with reading("nothing can be encrypted for it; make another one"):
            key.encrypt(b"", "application/json")
        return key

    def encrypt(self, plain: bytes, content_type: str) -> str:
        """A compact JWE; ``content_type`` is the type of ``plain``, in the form of cty."""
        header = {"alg": ALGORITHM, "enc": ENCRYPTION, "kid": self.kid, "cty": content_type}
        return jwe.encrypt_compact(header, plain, self._key, registry=_REGISTRY)


class DecryptionKey(PrivatePart[RecipientKey]):
    __slots__ = ()
    PUBLIC = RecipientKey


def decrypt(
    text: bytes, key_of: Callable[[str], DecryptionKey | None], content_type: str | None = None
) -> bytes:
    """The plaintext of a compact JWE. Raises Unusable.

    ``key_of`` gives a key of ours by its kid. With a ``content_type``, the JWE's cty must be that.
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
