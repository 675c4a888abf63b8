"""Two processes that are nothing but the API, behind a balancer: they are as one."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, TCPConnector

from tests.api.auth.forging import Forge
from tests.api.client import ApiClient
from tests.api.encryption.service import Service
from tests.api.encryption.wire import send
from tests.e2e.program import Program
from tests.e2e.programs import NewProgram
from tests.e2e.stores import Stores
from tests.instances.round_robin import round_robin
from tests.outages.stores import PostgresStores
from tests.storage.fixtures import PostgresServer
from tests.waiting import until
from yabot.api.auth.issuing import issue
from yabot.api.auth.keys import token_keys
from yabot.api.caller import SCOPES
from yabot.api.encryption.own_keys import OwnKeys
from yabot.app.api import openapi_document
from yabot.app.features import FEATURES

Json = dict[str, Any]
QUOTA = 100
ANA = {"user_id": "1001", "first_name": "Ana"}
PREFERENCES = {"language": "en", "notifications_enabled": False, "theme": "dark"}
AWARD = {"amount": 5, "reason": "quiz"}


@dataclass(frozen=True)
class Apis:
    instances: Sequence[Program]
    new_program: NewProgram
    settings: dict[str, str]
    stores: Stores

    def start(self) -> None:
        """One after the other: the first one makes the tables."""
        for instance in self.instances:
            instance.start()

    def token(self, service: str) -> str:
        folder = token_keys(Path(self.settings["API_KEYS_DIR"]))
        return issue(folder, service, SCOPES, timedelta(hours=1))

    async def types(self, *command: str) -> None:
        """What an operator types, elsewhere."""
        program = self.new_program(*command, name=f"typed-{command[1]}", **self.settings)
        assert await asyncio.to_thread(program.run) == 0, program.errors

    @asynccontextmanager
    async def balanced(self) -> AsyncIterator[ClientSession]:
        """Each request to another of them."""
        ports = [int(each.settings["API_PORT"]) for each in self.instances]
        async with (
            round_robin(ports) as url,
            ClientSession(url, connector=TCPConnector(force_close=True)) as session,
        ):
            yield session


@pytest.fixture
def apis(
    new_program: NewProgram,
    mongodb_uri: str,
    mongo_database: str,
    redis_db: str,
    postgres_server: PostgresServer,
    tmp_path: Path,
) -> Iterator[Apis]:
    """On stores that are empty; they do not run yet."""
    name = postgres_server.create()
    settings = {
        "DATABASE_URL": postgres_server.url_of(name),
        "MONGODB_URI": mongodb_uri,
        "MONGODB_DATABASE": mongo_database,
        "REDIS_URL": redis_db,
        "API_KEYS_DIR": str(tmp_path / "keys"),
        "API_REQUESTS_PER_MINUTE": str(QUOTA),
    }
    run = partial(new_program, "run", "--role", "api")
    stores = PostgresStores(settings["DATABASE_URL"], mongodb_uri, mongo_database, redis_db)
    instances = [run(name=f"api{n}", **settings) for n in range(2)]
    yield Apis(instances, new_program, settings, stores)
    stores.close()
    postgres_server.drop(name)


async def status_of(service: ApiClient, path: str = "/users") -> int:
    return (await service.get(path)).status


async def both_answer(service: ApiClient, *codes: str) -> None:
    """With one of these from now on: each sees a change within seconds."""

    async def answer() -> bool:
        told = [await service.get("/users") for _ in range(2)]
        return all((each.body.get("code") or "ok") in codes for each in told)

    await until(answer)


async def everything_is_served(session: ClientSession, token: str) -> None:
    """What needs no name of something, by either; and documents and keys, without a token."""
    service = ApiClient(session, token=token)
    paths = {
        path.removeprefix("/api/v1")
        for path, methods in openapi_document(FEATURES)["paths"].items()
        if "get" in methods and "{" not in path
    }
    assert {"/users", "/events", "/items"} <= paths
    assert {path: await status_of(service, path) for path in paths} == dict.fromkeys(paths, 200)
    open_to_all = ("/openapi.json", "/asyncapi.json", "/health/ready")
    # The latter were made by the first of the two at its start.
    keys = ("/.well-known/jwks.json", "/.well-known/yabot-keys")
    for path in open_to_all + keys:
        async with session.get(path) as answer:
            assert answer.status == 200, path


async def changes_are_made_once_and_seen_by_both(service: ApiClient, stores: Stores) -> None:
    async def are_in_mongodb() -> bool:
        return not stores.rows("SELECT id FROM doc_changes")

    assert (await service.post("/users", ANA)).status == 201
    path = f"/user/{ANA['user_id']}"
    awards = (service.post(f"{path}/besitos/award", AWARD, "one") for _ in range(10))
    answers = await asyncio.gather(*awards)
    assert {(answer.status, str(answer.body)) for answer in answers} == {
        (200, str(answers[0].body))
    }
    assert (await service.get(f"{path}/besitos")).body["balance"] == AWARD["amount"]

    etag = (await service.get(f"{path}/preferences")).headers["ETag"]
    put = await service.put(f"{path}/preferences", PREFERENCES, If_Match=etag)
    assert put.status == 200
    # Each remembers states: neither may tell an old one, or take one for the newest. A state that
    # MongoDB does not have yet is read from SQL, whatever is remembered.
    await until(are_in_mongodb)
    for _ in range(2):
        assert (await service.get(f"{path}/state")).body["preferences"] == PREFERENCES
        other = {**PREFERENCES, "theme": "light"}
        late = await service.put(f"{path}/preferences", other, If_Match=etag)
        assert (late.status, late.code) == (412, "precondition_failed")
    for theme in ("auto", "light", "dark"):
        assert (await service.put(f"{path}/preferences", {**PREFERENCES, "theme": theme})).body[
            "theme"
        ] == theme


async def what_one_has_taken_the_other_refuses(apis: Apis, folder: Path) -> None:
    """A request that holds once does so for both together."""
    orders = Service()
    orders.learn(OwnKeys(Path(apis.settings["API_KEYS_DIR"])).public())
    public, recipient = folder / "orders.jwk", folder / "orders.enc.jwk"
    public.write_text(orders.forge.jwk)
    recipient.write_text(orders.recipient.jwk)
    files = ("--public-key", str(public), "--encrypt-to", str(recipient))
    await apis.types("service", "add", orders.forge.service, "--scope", "users:read", *files)
    first, second = (int(each.settings["API_PORT"]) for each in apis.instances)
    for one, other in ((first, second), (second, first)):
        sent = orders.request("GET", "/api/v1/users")
        assert orders.read(sent, await send(sent, one)).status == 200
        refused = await send(sent, other)
        assert refused.status == 401
        assert json.loads(refused.content)["code"] == "token_replayed"


async def let_in(service: ApiClient) -> int:
    """How many requests are answered before both refuse any, within one minute."""
    statuses: list[int] = []
    ends_in = 60
    while statuses[-2:] != [429, 429]:
        answer = await service.get("/users")
        left = int(answer.headers["RateLimit-Reset"])
        if left > ends_in + 5:
            # A slow machine has not come so far before the next minute.
            statuses.clear()
        ends_in = left
        statuses.append(answer.status)
    return statuses.count(200)


@pytest.mark.criterion("scale.4")
@pytest.mark.criterion("4.3.4")
async def test_two_behind_a_balancer_are_as_one(apis: Apis, tmp_path: Path) -> None:
    greedy, reading, orders, doomed = map(apis.token, ("greedy", "reading", "orders", "doomed"))
    apis.start()
    async with apis.balanced() as session:
        await everything_is_served(session, reading)
        changing = ApiClient(session, token=orders)
        await changes_are_made_once_and_seen_by_both(changing, apis.stores)

        forge, key = Forge("letters"), tmp_path / "letters.jwk"
        key.write_text(forge.jwk)
        letters = ApiClient(session, token=forge.token())
        assert await status_of(letters) == 401
        await apis.types(
            "service", "add", "letters", "--scope", "users:read", "--public-key", str(key)
        )
        await both_answer(letters, "ok")
        await apis.types("token", "revoke", doomed)
        # Whoever asks too often without a valid token is not told any more why it is not.
        refused = ("token_revoked", "too_many_failures")
        await both_answer(ApiClient(session, token=doomed), *refused)

        await what_one_has_taken_the_other_refuses(apis, tmp_path)

        # Two that count for themselves let in twice as many.
        assert QUOTA <= await let_in(ApiClient(session, token=greedy)) < 1.5 * QUOTA

        first, second = apis.instances
        first.kill9()
        assert [await status_of(letters) for _ in range(4)] == [200] * 4
    assert second.stop() == 0
