"""All that the API has something to say of, behind a door that believes only signed tokens."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from tests.api.auth.conftest import House
from tests.api.auth.forging import Forge, Json, b64
from tests.api.encryption.partner import Keys, Partner
from tests.bus.dead_letters.putting import put
from tests.features.harness import Harness, HarnessReader
from tests.log.units import MORNING
from tests.waiting import PATIENCE
from yabot.api.caller import SCOPES
from yabot.bus.groups import stops
from yabot.bus.groups.stops import Stop
from yabot.coordinator import rows
from yabot_client import AsyncClient, Client
from yabot_client.operations import Operations

# How a service's code asks for an operation; what it is answered, or will be.
Ask = Callable[[Operations, "World"], Any]
DEAD = ("pay", "toy_poked", "timeout", "dead")
STUCK: Mapping[str, Any] = {
    "id": "order:7",
    "kind": "order",
    "user_id": None,
    "partition": 0,
    "state": "stuck",
    "data": "{}",
    "definition": 1,
    "version": 1,
    "deadline": None,
    "attempts": 5,
    "error": "the shelf is gone",
    "done": '["reserve"]',
    "failure": "it was cancelled",
    "correlation_id": "of a test",
    "created_at": MORNING,
    "updated_at": MORNING,
}


@dataclass(frozen=True)
class Service:
    """One that signs its own tokens, with a client of each kind."""

    url: str
    forge: Forge
    # What its clients are told beside who it is.
    options: Json = field(default_factory=dict)

    async def awaits(self, ask: Ask, world: "World") -> object:
        async with AsyncClient(self.url, **self.identity) as client:
            # It is an Operations in all but that its answers are awaited.
            return await ask(cast(Operations, client), world)

    async def waits(self, ask: Ask, world: "World") -> object:
        """In a thread: the API answers in the loop."""

        def work() -> object:
            with Client(self.url, **self.identity) as client:
                return ask(client, world)

        return await asyncio.to_thread(work)

    @property
    def identity(self) -> Any:
        identity = {"service": self.forge.service, "key": self.forge.private_jwk}
        return {**identity, "timeout": PATIENCE, "deadline": PATIENCE, **self.options}


@dataclass
class World:
    url: str
    harness: Harness
    house: House
    keys: Keys
    ana: HarnessReader
    bob: HarnessReader
    # Nobody but the one that deletes asks for them.
    leaver: HarnessReader
    _services: dict[str, Service] = field(default_factory=dict)

    @classmethod
    async def prepared(cls, url: str, harness: Harness, house: House, keys: Keys) -> "World":
        database = harness.services.database
        await put(database, DEAD, DEAD)
        await database.write(stops.stop(Stop("rewards", 20, MORNING)))
        await database.write(rows.add(STUCK))
        ana, bob, leaver = [await harness.join() for _ in range(3)]
        return cls(url, harness, house, keys, ana, bob, leaver)

    async def _registered(self, name: str, scopes: Sequence[str]) -> Service:
        """When it is first asked for."""
        if name not in self._services:
            forge = Forge(name)
            await self.house.register(forge, *scopes)
            self._services[name] = Service(self.url, forge)
        return self._services[name]

    async def everything(self) -> Service:
        """It may do everything."""
        return await self._registered("orders", SCOPES)

    async def encrypting(self) -> Service:
        """It may do everything, and nobody in between reads it."""
        partner = Partner(self.keys.offered, Forge("secretive"))
        await self.house.register(partner.forge, *SCOPES, protection=partner.protection)
        private = b64(partner.recipient.private.private_bytes_raw())
        offered = [partner.offered.encrypt_to.jwk, partner.offered.answers.jwk]
        options = {
            "decryption_keys": [{**json.loads(partner.recipient.jwk), "d": private}],
            "yabot_keys": {"keys": offered},
        }
        return Service(self.url, partner.forge, options)

    async def service(self, *scopes: str) -> Service:
        """One that may do these things, with a name of its own."""
        return await self._registered(f"service-{len(self._services)}", scopes)

    async def only(self, scope: str) -> Service:
        """It may do nothing but that."""
        return await self._registered(f"only-{scope.replace(':', '-')}", [scope])

    async def all_but(self, scope: str) -> Service:
        others = [each for each in SCOPES if each != scope]
        return await self._registered(f"all-but-{scope.replace(':', '-')}", others)
