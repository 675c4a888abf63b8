"""A door with a real folder of keys and a real SQLite behind it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.api.auth.forging import Forge
from tests.storage.fixtures import new_commits
from yabot import clock
from yabot.api.answering.problems import Refused
from yabot.api.auth.authenticator import Authenticator
from yabot.api.auth.keys import SigningKeys, token_keys
from yabot.api.auth.knowledge import Knowledge
from yabot.api.auth.revocations import revoke
from yabot.api.auth.services import NO_PROTECTION, Protection, ServiceRegistry
from yabot.api.auth.used import UsedTokens
from yabot.api.caller import Caller
from yabot.api.phases import Message
from yabot.log.commit_log import Decision
from yabot.log.unit_of_work import Cause, UnitOfWork
from yabot.runtime.peer import PEER, Certificate, Peer
from yabot.storage.relational.database import Database

CLIENT = "192.0.2.7"


def shown(sha256: bytes = b"", *dns_names: str) -> Peer:
    """Who has shown a certificate."""
    holds_until = clock.utc_now() + timedelta(days=1)
    certificate = Certificate(sha256.ljust(32, b"-"), frozenset(dns_names), holds_until)
    return Peer(encrypted=True, asked=True, certificate=certificate)


BY_TLS = Peer(encrypted=True)


def request_from(client: str = CLIENT, *authorization: str, peer: Peer = BY_TLS) -> Message:
    """The scope of a request."""
    headers = [(b"authorization", each.encode("latin-1", "replace")) for each in authorization]
    return {"headers": headers, "client": (client, 40_000), "state": {PEER: peer}}


@dataclass
class House:
    database: Database
    keys: SigningKeys
    knowledge: Knowledge
    # What was refused, by code.
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.used = UsedTokens(self.database)
        self.door = Authenticator(self.knowledge, self.used, self.judge)
        self.registry = ServiceRegistry(self.database, by="a test")

    async def judge(self, _scope: Message, refused: Refused) -> Refused:
        self.refused.append(refused.code)
        return refused

    async def ask(self, token: str, peer: Peer = BY_TLS) -> Caller:
        """Raises Refused."""
        return await self.door(request_from(CLIENT, f"Bearer {token}", peer=peer))

    async def code(self, token: str, peer: Peer = BY_TLS) -> str:
        """Of the refusal; or ok."""
        try:
            await self.ask(token, peer)
        except Refused as refused:
            return refused.code
        return "ok"

    async def decide(self, decision: Decision[object]) -> None:
        cause = Cause("test", uuid4().hex, "test")
        await new_commits(self.database).decide(cause, decision)

    async def register(
        self, forge: Forge, *scopes: str, protection: Protection = NO_PROTECTION
    ) -> None:
        async def add(work: UnitOfWork) -> None:
            await self.registry.add(
                work, forge.service, scopes or ["users:read"], forge.public, protection
            )

        await self.decide(add)

    async def rotate(self, forge: Forge, *, at_once: bool = False) -> None:
        async def rotate(work: UnitOfWork) -> None:
            await self.registry.rotate(work, forge.service, forge.public, at_once=at_once)

        await self.decide(rotate)

    async def protect(self, service: str, protection: Protection) -> None:
        async def protect(work: UnitOfWork) -> None:
            await self.registry.protect(work, service, lambda _had: protection)

        await self.decide(protect)

    async def remove(self, service: str) -> None:
        async def remove(work: UnitOfWork) -> None:
            await self.registry.remove(work, service)

        await self.decide(remove)

    async def revoke(self, token_id: str) -> None:
        async def decide(work: UnitOfWork) -> None:
            await revoke(self.database, work, token_id, "a test")

        await self.decide(decide)


@pytest.fixture
async def house(sqlite_database: Database, tmp_path: Path) -> House:
    """It looks again whenever a token names a key that it does not know."""
    keys = token_keys(tmp_path / "keys")
    knowledge = Knowledge(keys, sqlite_database, look_again_after=0)
    await knowledge.look()
    return House(sqlite_database, keys, knowledge)


@pytest.fixture
async def orders(house: House) -> Forge:
    """A service that is registered, and signs its own tokens."""
    forge = Forge()
    await house.register(forge)
    return forge


@pytest.fixture(autouse=True)
def clock_as_it_was() -> Iterator[None]:
    began = clock.ahead()
    yield
    clock.set_ahead(began)
