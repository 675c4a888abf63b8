"""The API of all features over a test's own stores, asked over HTTP.

Who asks is as the test says (``Bearer <service> <scope>…``): what tokens are worth, other tests
ask.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
from redis.asyncio import Redis

from tests.waiting import PATIENCE
from yabot.api.admission.fairness import Fairness
from yabot.api.admission.gate import Authenticate
from yabot.api.admission.quota import Quota
from yabot.api.admission.turns import Turns
from yabot.api.app import build_api
from yabot.api.auth.refusals import MISSING, refuse
from yabot.api.caller import SCOPES, Caller
from yabot.api.counters import Counters
from yabot.api.encryption.exchange import Exchanges
from yabot.api.operations.door import Door
from yabot.api.operations.routes import Routes
from yabot.api.phases import Message
from yabot.api.records.recorder import RequestRecorder
from yabot.clock import utc_now
from yabot.feature import Feature, Services
from yabot.runtime.http import HttpServer
from yabot.runtime.watch import Gate
from yabot_client import AsyncClient

Json = Any


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: Json

    @property
    def code(self) -> str:
        """Of a problem."""
        return str(self.body["code"])


@dataclass
class ApiClient:
    session: aiohttp.ClientSession
    service: str = "orders"
    scopes: Sequence[str] = field(default_factory=lambda: SCOPES)
    # For who is not believed what it says.
    token: str | None = None

    @property
    def says(self) -> str:
        """The token that it sends."""
        return self.token or f"{self.service} {' '.join(self.scopes)}"

    @asynccontextmanager
    async def typed(self) -> AsyncIterator[AsyncClient]:
        """Who asks as this does, and as other services' code does: each call once."""
        url = str(self.session._base_url)
        once: dict[str, Any] = {"retries": 0, "timeout": PATIENCE, "deadline": PATIENCE}
        async with AsyncClient(url, token=lambda: self.says, **once) as client:
            yield client

    async def get(self, path: str, **headers: str) -> Answered:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, body: Json = None, key: str | None = None) -> Answered:
        """With a key of its own, unless one is given."""
        return await self.ask("POST", path, body, {"Idempotency-Key": key or str(uuid4())})

    async def put(self, path: str, body: Json = None, **headers: str) -> Answered:
        """``If_Match`` is the header If-Match."""
        return await self.ask("PUT", path, body, headers)

    async def delete(self, path: str, **headers: str) -> Answered:
        return await self.ask("DELETE", path, None, headers)

    async def ask(
        self, method: str, path: str, body: Json = None, headers: dict[str, str] | None = None
    ) -> Answered:
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        named.setdefault("Authorization", f"Bearer {self.says}")
        sent = {} if body is None else {"json": body}
        async with self.session.request(
            method, f"/api/v1{path}", headers=named, **sent
        ) as response:
            text = await response.text()
            is_json = "json" in response.headers.get("Content-Type", "")
            found = await response.json(content_type=None) if is_json and text else text
            return Answered(response.status, response.headers, found)


async def as_it_says(scope: Message) -> Caller:
    """Whoever asks is who they say they are. Raises Refused for who says nothing."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given:
        raise refuse(MISSING)
    _, service, *scopes = given[0].decode().split()
    return Caller(service, frozenset(scopes), "of-a-test", utc_now() + timedelta(hours=1))


def without_haste(per_minute: int = 10**9) -> Fairness:
    """More may be asked than any test asks, unless it says so, and Redis has no say in it."""
    away = Gate("Redis")
    away.reason = "nobody needs it"
    return Fairness(Quota(Counters(Redis(), away), per_minute), Turns(lambda: False))


@asynccontextmanager
async def served(
    services: Services, features: Sequence[Feature], *more: Routes
) -> AsyncIterator[ApiClient]:
    """What ``features`` offer, and ``more``."""
    door = Door(services.commits)
    offered = [each.api(services, door) for each in features if each.api is not None]
    async with serving(*offered, *more) as client:
        yield client


@asynccontextmanager
async def serving(
    *offered: Routes,
    recorder: RequestRecorder | None = None,
    fairness: Fairness | None = None,
    authenticate: Authenticate = as_it_says,
    exchanges: Exchanges | None = None,
) -> AsyncIterator[ApiClient]:
    recorder, fairness = recorder or RequestRecorder(), fairness or without_haste()
    app = build_api({}, offered, authenticate, fairness, recorder, exchanges=exchanges)
    server = HttpServer(app, "127.0.0.1", 0, variable="API_PORT")
    await server.start()
    # A connection that has been idle may be ended just when it is used again.
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(server.url, connector=connector) as session:
        yield ApiClient(session)
    await server.stop()
