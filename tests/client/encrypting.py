"""YABOT's side of encrypted bodies, which can also be made to lie."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import socket
from typing import Any

from tests.client.asking import OwnTime
from tests.client.faulty import Behaviour, Got, says
from yabot.api.jose.encryption import DecryptionKey, RecipientKey, decrypt
from yabot.api.jose.signing import SigningKey

Json = dict[str, Any]
LIST = "/.well-known/yabot-keys"


@dataclass
class Yabot:
    """The server ``answers``; the keys are those in use, and may be others any time."""

    time: OwnTime
    # Of the service.
    ours: DecryptionKey = field(default_factory=DecryptionKey.generate)
    decryption: DecryptionKey = field(default_factory=DecryptionKey.generate)
    answering: SigningKey = field(default_factory=SigningKey.generate)
    # The list of keys, as the server gives it, if it has one.
    published: Callable[[], str] | None = None
    # What it has been asked for, apart from the list, as the requests came.
    got: list[Got] = field(default_factory=list)

    @property
    def keys(self) -> Json:
        """As `yabot service keys` prints them."""
        return {"keys": [self.decryption.public.jwk, self.answering.public.jwk]}

    @property
    def options(self) -> Json:
        """Of the client."""
        return {"decryption_keys": [self.ours.text], "yabot_keys": self.keys}

    def list(
        self, signer: SigningKey, changed: Json | None = None, typ: str = "yabot-keys+jwt"
    ) -> str:
        now = int(self.time.now())
        right = {"iss": "yabot", "iat": now, "exp": now + 86_400, **self.keys}
        return signer.sign(_changed(right, changed), typ)

    def behaves(self, *behaviours: Behaviour) -> Behaviour:
        """The list at its address; else one of these for each request, the last one on and on."""
        self.got.clear()

        def behave(connection: socket, got: Got) -> None:
            if got.target == LIST:
                content = self.published().encode() if self.published else b""
                status = 200 if self.published else 404
                return says(status, content=content, Content_Type="application/jwt")(
                    connection, got
                )
            self.got.append(got)
            return behaviours[min(len(self.got), len(behaviours)) - 1](connection, got)

        return behave

    def answers(
        self, status: int = 200, body: Any = None, changed: Json | None = None
    ) -> Behaviour:
        """``changed`` are claims of the answer; None leaves one out."""

        def answer(connection: socket, got: Got) -> None:
            signed = self.answering.sign(self.claims(got, status, body, changed), ANSWER)
            says(content=self.encrypted(signed), Content_Type=JOSE)(connection, got)

        return answer

    def claims(
        self, got: Got, status: int = 200, body: Any = None, changed: Json | None = None
    ) -> Json:
        kind = "application/json" if status < 400 else "application/problem+json"
        right = {
            "iss": "yabot",
            "aud": "orders",
            "iat": int(self.time.now()),
            "req": got.claims["jti"],
            "status": status,
            "headers": {"content-type": kind},
            "body": json.dumps({} if body is None else body),
        }
        return _changed(right, changed)

    def encrypted(self, signed: str, cty: str = "JWT") -> bytes:
        return RecipientKey.read(self.ours.public.text).encrypt(signed.encode(), cty).encode()

    def decrypted(self, got: Got) -> Any:
        """The body that was meant."""

        def key_of(kid: str) -> DecryptionKey | None:
            return self.decryption if kid == self.decryption.kid else None

        return json.loads(decrypt(got.body, key_of))


JOSE = "application/jose"
ANSWER = "yabot-answer+jwt"


def _changed(right: Json, changed: Json | None) -> Json:
    told = {**right, **(changed or {})}
    return {name: value for name, value in told.items() if value is not None}
