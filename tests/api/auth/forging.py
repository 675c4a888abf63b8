"""Tokens made by hand, right ones and all kinds of wrong ones; not by the program's own means."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import time
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yabot.api.jose.signing import PublicKey

Json = dict[str, Any]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Forge:
    """Signs as ``service``, with a key known by ``kid``."""

    service: str = "orders"
    kid: str = field(default_factory=lambda: uuid4().hex)
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def raw(self) -> bytes:
        """The public key's bytes."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def jwk(self) -> str:
        """The public key, as a file that an operator is given."""
        return json.dumps({"kty": "OKP", "crv": "Ed25519", "x": b64(self.raw), "kid": self.kid})

    @property
    def private_jwk(self) -> Json:
        """What the service keeps."""
        return {**json.loads(self.jwk), "d": b64(self.private.private_bytes_raw())}

    @property
    def public(self) -> PublicKey:
        return PublicKey.read(self.jwk)

    def header(self, **changed: Any) -> Json:
        return without_nones({"typ": "JWT", "alg": "Ed25519", "kid": self.kid, **changed})

    def claims(self, **changed: Any) -> Json:
        """Those of a right token, but for what is ``changed``; None leaves one out."""
        now = int(time())
        right = {
            "iss": self.service,
            "sub": self.service,
            "aud": "yabot",
            "iat": now,
            "exp": now + 300,
            "jti": uuid4().hex,
            "scope": "users:read",
        }
        return without_nones({**right, **changed})

    def token(self, header: Json | None = None, **changed: Any) -> str:
        """A right one, but for what is ``changed`` in its claims."""
        return self.signed(header or self.header(), json.dumps(self.claims(**changed)).encode())

    def signed(
        self, header: Json, payload: bytes, sign: Callable[[bytes], bytes] | None = None
    ) -> str:
        told = f"{b64(json.dumps(header).encode())}.{b64(payload)}"
        return f"{told}.{b64((sign or self.private.sign)(told.encode()))}"

    def hmac(self, key: bytes) -> str:
        """Signed with ``key`` as a shared secret: the oldest trick with public keys."""

        def sign(told: bytes) -> bytes:
            return hmac.new(key, told, hashlib.sha256).digest()

        payload = json.dumps(self.claims()).encode()
        return self.signed(self.header(alg="HS256"), payload, sign)


def without_nones(told: Mapping[str, Any]) -> Json:
    return {name: value for name, value in told.items() if value is not None}


def _tampered(forge: Forge) -> str:
    head, _, signature = forge.token().split(".")
    return f"{head}.{b64(json.dumps(forge.claims(scope='admin')).encode())}.{signature}"


def _self_made(forge: Forge) -> str:
    other = Forge(forge.service, forge.kid)
    return other.token(other.header(jwk=json.loads(other.jwk)))


def _headless(forge: Forge) -> str:
    return forge.token().split(".", 1)[1]


def _payload(text: bytes) -> Callable[[Forge], str]:
    return lambda forge: forge.signed(forge.header(), text)


def _with(**changed: Any) -> Callable[[Forge], str]:
    return lambda forge: forge.token(**changed)


def _header(**changed: Any) -> Callable[[Forge], str]:
    return lambda forge: forge.token(forge.header(**changed))


def _from_now(**seconds: int) -> Callable[[Forge], str]:
    return lambda forge: forge.token(
        None, **{name: int(time()) + later for name, later in seconds.items()}
    )


BAD: Mapping[str, tuple[str, Callable[[Forge], str]]] = {
    # How it is read.
    "junk": ("token_malformed", lambda _: "junk"),
    "dots": ("token_malformed", lambda _: ".."),
    "many dots": ("token_malformed", lambda _: "." * 1000),
    "letters that no token has": ("token_malformed", lambda _: "ñ.ü.é"),
    "no header": ("token_malformed", _headless),
    "huge": ("token_malformed", lambda forge: forge.token(scope="x" * 5000)),
    "a header that is no object": (
        "token_malformed",
        lambda forge: f"{b64(b'[]')}.{forge.token().split('.', 1)[1]}",
    ),
    "a header nested deeply": (
        "token_malformed",
        lambda _: f"{b64(b'[' * 2000)}.{b64(b'{}')}.{b64(b'x')}",
    ),
    # With what it is signed.
    "alg none": ("token_malformed", lambda f: f.signed(f.header(alg="none"), b"{}", lambda _: b"")),
    "alg None": ("token_malformed", lambda f: f.signed(f.header(alg="None"), b"{}", lambda _: b"")),
    "no alg": ("token_malformed", _header(alg=None)),
    "alg EdDSA": ("token_malformed", _header(alg="EdDSA")),
    "alg as a list": ("token_malformed", _header(alg=["Ed25519"])),
    "HS256 with the public key": ("token_malformed", lambda forge: forge.hmac(forge.raw)),
    "HS256 with its JWK": ("token_malformed", lambda forge: forge.hmac(forge.jwk.encode())),
    "no kid": ("token_malformed", _header(kid=None)),
    "a kid that is a number": ("token_malformed", _header(kid=1)),
    "a kid that is a path": ("token_malformed", _header(kid="../../keys/private/x")),
    "another kid": ("token_key_unknown", _header(kid="never-heard-of")),
    "another key, which its header brings": ("token_signature_wrong", _self_made),
    "another key": (
        "token_signature_wrong",
        lambda forge: Forge(forge.service, forge.kid).token(),
    ),
    "changed after it was signed": ("token_signature_wrong", _tampered),
    "no signature": ("token_signature_wrong", lambda f: f.token().rpartition(".")[0] + "."),
    # What it says.
    "no object": ("token_malformed", _payload(b"[]")),
    "no JSON": ("token_malformed", _payload(b"junk")),
    "nested deeply": ("token_malformed", _payload(b"[" * 2000)),
    "no claims": ("token_malformed", _payload(b"{}")),
    "no expiry": ("token_malformed", _with(exp=None)),
    "an expiry that is text": ("token_malformed", _with(exp="tomorrow")),
    "an expiry that is no number": ("token_malformed", _with(exp=float("nan"))),
    "an expiry without end": ("token_malformed", _with(exp=float("inf"))),
    "no jti": ("token_malformed", _with(jti=None)),
    "no scope": ("token_malformed", _with(scope=None)),
    "scopes as a list": ("token_malformed", _with(scope=["users:read"])),
    "a service that is none": ("token_malformed", _with(sub="../orders", iss="../orders")),
    "another audience": ("token_audience_wrong", _with(aud="billing")),
    "no audience of several": ("token_audience_wrong", _with(aud=["billing", "mail"])),
    "another issuer": ("token_issuer_wrong", _with(iss="yabot")),
    "another service": ("token_issuer_wrong", _with(sub="billing")),
    "another service throughout": ("token_issuer_wrong", _with(iss="billing", sub="billing")),
    "expired": ("token_expired", _from_now(iat=-600, exp=-1)),
    "not yet valid": ("token_not_yet_valid", _from_now(nbf=120)),
    "issued in the future": ("token_not_yet_valid", _from_now(iat=120, exp=300)),
    "lasts too long": ("token_lasts_too_long", _from_now(exp=601)),
}
