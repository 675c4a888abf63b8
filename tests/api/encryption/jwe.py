"""JWE made and read by hand, as RFC 7516 and 7518 have it; not by the program's own means."""

import json
import os
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.api.auth.forging import b64, unb64, without_nones

Json = dict[str, Any]


@dataclass
class Recipient:
    """Who can read what is encrypted for ``kid``."""

    kid: str = field(default_factory=lambda: uuid4().hex)
    private: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)

    @property
    def jwk(self) -> str:
        """The public key, as a file that an operator is given."""
        return json.dumps({**_jwk(self.private.public_key()), "kid": self.kid})

    def read(self, text: bytes) -> tuple[Json, bytes]:
        """The protected header and the plaintext."""
        head, nothing, nonce, content, tag = text.decode().split(".")
        assert nothing == ""
        header = json.loads(unb64(head))
        theirs = X25519PublicKey.from_public_bytes(unb64(header["epk"]["x"]))
        key = _derived(self.private.exchange(theirs))
        return header, AESGCM(key).decrypt(unb64(nonce), unb64(content) + unb64(tag), head.encode())


def encrypted(kid: str, x: str, plain: bytes, /, **changed: Any) -> bytes:
    """For the key ``x``; None in ``changed`` leaves a field of the header out."""
    ours = X25519PrivateKey.generate()
    right = {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "kid": kid,
        "cty": "application/json",
        "epk": _jwk(ours.public_key()),
    }
    head = b64(json.dumps(without_nones({**right, **changed})).encode())
    key = _derived(ours.exchange(X25519PublicKey.from_public_bytes(unb64(x))))
    nonce = os.urandom(12)
    whole = AESGCM(key).encrypt(nonce, plain, head.encode())
    return f"{head}..{b64(nonce)}.{b64(whole[:-16])}.{b64(whole[-16:])}".encode()


def _jwk(key: X25519PublicKey) -> Json:
    x = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "X25519", "x": b64(x)}


def _derived(shared: bytes) -> bytes:
    """Direct key agreement, RFC 7518, 4.6.2: no party has information of its own."""
    sized = [len(part).to_bytes(4, "big") + part for part in (b"A256GCM", b"", b"")]
    about = b"".join([*sized, (256).to_bytes(4, "big")])
    return ConcatKDFHash(SHA256(), 32, about).derive(shared)
