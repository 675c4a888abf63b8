"""The service's side of encrypted bodies, from ADR 18 alone, with no part of the program's own.

It is a second implementation of what is written there, and stricter than it needs to be.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import time
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.api.auth.forging import Forge, b64, unb64
from tests.api.encryption.jwe import Json, Recipient, encrypted
from tests.api.encryption.wire import Came, Sent

HOLDS = 60


class Disbelieved(Exception):
    """Whoever has said that, it was not YABOT, or not as its answer to this."""


@dataclass(frozen=True)
class Inner:
    """What YABOT has answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """Of a problem."""
        return str(self.body["code"])


@dataclass
class Service:
    """It knows those of YABOT's keys that it ``learns``."""

    forge: Forge = field(default_factory=lambda: Forge(f"orders-{uuid4().hex}"))
    recipient: Recipient = field(default_factory=Recipient)
    keys: list[Json] = field(default_factory=list)
    # Of those: which key to encrypt to, and those that may have signed an answer, by kid.
    encrypt_to: Json = field(default_factory=dict)
    answered_by: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    # By how many seconds its clock, and YABOT's, are ahead of the machine's.
    ahead: float = 0

    def learn(self, keys: Iterable[Json]) -> None:
        """In place of those that it knew: a JWK set's."""
        self.keys = list(keys)
        by_use: dict[str, list[Json]] = {"enc": [], "sig": []}
        for key in self.keys:
            by_use[key["use"]].append(key)
        self.encrypt_to = by_use["enc"][0]
        self.answered_by = {key["kid"]: _public(key["x"]) for key in by_use["sig"]}

    def learn_from_list(self, text: str) -> Json:
        """The claims of a list that YABOT publishes. Raises Disbelieved."""
        said = self._signed(text, "yabot-keys+jwt")
        if said["iss"] != "yabot" or not said["iat"] - 30 <= self._now() < said["exp"]:
            raise Disbelieved("an old list")
        self.learn(said["keys"])
        return said

    def request(
        self,
        method: str,
        target: str,
        said: Any = None,
        signed: dict[str, str] | None = None,
        content: bytes | None = None,
        **claims: Any,
    ) -> Sent:
        """With ``said`` encrypted, or with ``content`` as its body; ``signed`` headers.

        ``claims`` are changed in its token.
        """
        if content is None:
            plain = b"" if said is None else json.dumps(said).encode()
            key = self.encrypt_to
            content = encrypted(key["kid"], key["x"], plain) if plain else b""
        body = b64(hashlib.sha256(content).digest())
        bound = {"method": method, "target": target, "body": body, "headers": signed or {}}
        issued = int(self._now())
        times = {"iat": issued, "exp": issued + HOLDS}
        scope = "users:read users:write"
        token = self.forge.token(None, **{**times, "scope": scope, "req": bound, **claims})
        told = [("Authorization", f"Bearer {token}")]
        if content:
            told.append(("Content-Type", "application/jose"))
        return Sent(method, target, tuple(told), content)

    def read(self, sent: Sent, came: Came) -> Inner:
        """What YABOT has answered to what was ``sent``. Raises Disbelieved."""
        if (came.status, came.headers.get("content-type")) != (200, "application/jose"):
            raise Disbelieved("a hint, perhaps: nobody has signed it")
        said = self._signed(self._decrypted(came.content), "yabot-answer+jwt")
        token = sent.header("Authorization").removeprefix("Bearer ")
        asked = json.loads(unb64(token.split(".")[1]))
        if (said["iss"], said["aud"]) != ("yabot", self.forge.service):
            raise Disbelieved("of another, or for another")
        if said["req"] != asked["jti"]:
            raise Disbelieved("the answer to another request")
        return Inner(said["status"], said["headers"], said.get("body", ""))

    def _decrypted(self, content: bytes) -> str:
        right = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": self.recipient.kid, "cty": "JWT"}
        with _reading("it cannot be decrypted"):
            header, plain = self.recipient.read(content)
            assert {name: header.get(name) for name in right} == right
            return plain.decode()

    def _signed(self, text: str, typ: str) -> Json:
        with _reading("YABOT has not signed it"):
            head, payload, signature = text.split(".")
            header = json.loads(unb64(head))
            key = self.answered_by[header.pop("kid")]
            assert header == {"alg": "Ed25519", "typ": typ}
            key.verify(unb64(signature), f"{head}.{payload}".encode())
            return dict(json.loads(unb64(payload)))

    def _now(self) -> float:
        return time() + self.ahead


@contextmanager
def _reading(wrong: str) -> Iterator[None]:
    """Whatever is wrong with what somebody has sent, it is not believed."""
    try:
        yield
    except Exception as error:
        raise Disbelieved(wrong) from error


def _public(x: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(unb64(x))
