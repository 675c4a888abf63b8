"""A service that encrypts, and an API over HTTP that knows it."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter

from tests.api.auth.conftest import House
from tests.api.auth.forging import Forge, unb64
from tests.api.client import without_haste
from tests.api.echo import Echo, Heads, echoing
from tests.api.encryption.jwe import Json, Recipient, encrypted
from yabot.api.admission.fairness import Fairness
from yabot.api.app import build_api
from yabot.api.auth.services import Protection
from yabot.api.binding import digest_of
from yabot.api.encryption.exchange import Exchanges
from yabot.api.encryption.keys import EncryptionKeys
from yabot.api.jose.encryption import DecryptionKey, RecipientKey
from yabot.api.jose.signing import PublicKey, SigningKey
from yabot.api.operations.routes import Routes
from yabot.api.records.recorder import RequestRecorder
from yabot.runtime.http import HttpServer
from yabot.runtime.http_protocol import USUAL, Limits

SIGNED_FOR = 60


@dataclass(frozen=True)
class Offered:
    """YABOT's public keys, as services know them."""

    encrypt_to: RecipientKey
    answers: PublicKey


@dataclass
class Keys:
    """YABOT's, made for a test."""

    decryption: DecryptionKey = field(default_factory=DecryptionKey.generate)
    answering: SigningKey = field(default_factory=SigningKey.generate)

    def decrypting(self, kid: str) -> DecryptionKey | None:
        return self.decryption if kid == self.decryption.kid else None

    @property
    def offered(self) -> Offered:
        return Offered(self.decryption.public, self.answering.public)


@dataclass(frozen=True)
class Request:
    """Ready to be sent, as it is or ``changed`` by who is in between."""

    method: str
    target: str
    token: str
    content: bytes
    headers: tuple[bytes, ...] = ()

    def changed(self, **changed: Any) -> "Request":
        return replace(self, **changed)

    @property
    def octets(self) -> bytes:
        told = [b"Host: h", b"Connection: close", b"Authorization: Bearer " + self.token.encode()]
        names = {header.partition(b":")[0].lower() for header in self.headers}
        if self.content and b"content-type" not in names:
            told.append(b"Content-Type: application/jose")
        if self.content and not names & {b"content-length", b"transfer-encoding"}:
            told.append(b"Content-Length: %d" % len(self.content))
        line = f"{self.method} {self.target} HTTP/1.1".encode("latin-1")
        return b"\r\n".join([line, *told, *self.headers, b"", self.content])


@dataclass(frozen=True)
class Inner:
    """What was answered, for the service alone."""

    status: int
    headers: dict[str, str]
    text: str
    claims: Json

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """Of a problem, which it has to be."""
        assert self.headers["content-type"] == "application/problem+json"
        assert self.body["status"] == self.status
        return str(self.body["code"])


@dataclass
class Partner:
    offered: Offered
    forge: Forge = field(default_factory=Forge)
    recipient: Recipient = field(default_factory=Recipient)

    @property
    def protection(self) -> Protection:
        return Protection(encrypt_to=RecipientKey.read(self.recipient.jwk))

    def encrypted(self, plain: bytes, /, **changed: Any) -> bytes:
        key = self.offered.encrypt_to
        return encrypted(key.kid, key.x, plain, **changed)

    def request(
        self,
        method: str,
        target: str,
        said: Any = None,
        *,
        content: bytes | None = None,
        req: Json | None = None,
        signed: dict[str, str] | None = None,
        **claims: Any,
    ) -> Request:
        """With ``said`` as its body, or with ``content`` as it is; ``signed`` headers.

        ``req`` changes that claim, ``claims`` the others.
        """
        target = f"/api/v1{target}"
        if content is None:
            content = b"" if said is None else self.encrypted(json.dumps(said).encode())
        binding = {
            "method": method,
            "target": target,
            "body": digest_of(content),
            "headers": signed or {},
            **(req or {}),
        }
        right = self.forge.claims()
        told = {"exp": right["iat"] + SIGNED_FOR, "scope": "users:read users:write admin"}
        token = self.forge.token(None, **{**told, "req": binding, **claims})
        return Request(method, target, token, content)

    def read(self, request: Request, answer: Heads) -> Inner:
        """What was answered to the request, if that can be believed."""
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/jose"
        assert answer.headers["cache-control"] == "no-store"
        header, signed = self.recipient.read(answer.content)
        assert (header["kid"], header["cty"]) == (self.recipient.kid, "JWT")
        claims = _verified(signed, self.offered.answers)
        assert claims["req"] == claims_of(request.token)["jti"]
        assert (claims["iss"], claims["aud"]) == ("yabot", self.forge.service)
        return Inner(claims["status"], claims["headers"], claims.get("body", ""), claims)


def claims_of(token: str) -> Json:
    """Of a token that nobody has checked."""
    return dict(json.loads(unb64(token.split(".")[1])))


def _verified(signed: bytes, key: PublicKey) -> Json:
    head, payload, signature = signed.decode().split(".")
    header = {"alg": "Ed25519", "kid": key.kid, "typ": "yabot-answer+jwt"}
    assert json.loads(unb64(head)) == header
    public = Ed25519PublicKey.from_public_bytes(unb64(key.x))
    public.verify(unb64(signature), f"{head}.{payload}".encode())
    return dict(json.loads(unb64(payload)))


class Api:
    """Asked over HTTP, octet by octet."""

    def __init__(self, port: int, recorder: RequestRecorder, partner: Partner) -> None:
        self.port = port
        self._echo = Echo(port)
        self.recorder = recorder
        self.partner = partner

    async def send(self, request: Request) -> Heads:
        """What travels."""
        return await self._echo.raw(request.octets)

    async def ask(self, *words: Any, partner: Partner | None = None, **named: Any) -> Inner:
        """What arrives. ``words`` and ``named`` are those of a partner's request."""
        asking = partner or self.partner
        request = asking.request(*words, **named)
        return asking.read(request, await self.send(request))


@asynccontextmanager
async def encrypted_api(
    house: House,
    keys: EncryptionKeys,
    partner: Partner,
    *more: Routes,
    fairness: Fairness | None = None,
    limits: Limits = USUAL,
    open_to_all: Sequence[APIRouter] = (),
) -> AsyncIterator[Api]:
    """It offers the echo, and ``more``; ``partner`` is registered."""
    scopes = ("users:read", "users:write", "admin")
    await house.register(partner.forge, *scopes, protection=partner.protection)
    await house.knowledge.look()
    recorder = RequestRecorder()
    app = build_api(
        {},
        [echoing(), *more],
        house.door,
        fairness or without_haste(),
        recorder,
        open_to_all,
        exchanges=Exchanges(keys, house.used, house.judge),
    )
    server = HttpServer(app, "127.0.0.1", 0, variable="API_PORT", limits=limits)
    await server.start()
    try:
        yield Api(int(server.url.rpartition(":")[2]), recorder, partner)
    finally:
        await server.stop()
