"""A store away from the API: 503 for what needs it, usual answers for the rest, never a 404."""

import asyncio

import pytest

from tests.api.client import Answered, ApiClient
from tests.api.running import service_of
from tests.api.tokens import token_for
from tests.outages.world import Component, Way, World
from tests.outages.worlds import NewWorld
from tests.waiting import until, wait_until

ANA, BEA, NOBODY = "1001", "1002", "9999"
PREFERENCES = {"language": "en", "notifications_enabled": False, "theme": "dark"}
AWARD = {"amount": 5, "reason": "quiz"}


async def register(service: ApiClient, user_id: str) -> Answered:
    return await service.post("/users", {"user_id": user_id, "first_name": "Ana"})


async def is_known(service: ApiClient) -> bool:
    """Keys that have been made just now are found at the next look for them."""
    return (await service.get("/users")).status == 200


def has_document(world: World, user_id: str) -> bool:
    return world.stores.document(int(user_id)) is not None


def waits_for(answered: Answered) -> bool:
    """Whether it says which store it waits for, and when to come again."""
    assert (answered.status, answered.code) == (503, "store_unavailable")
    assert answered.headers["Content-Type"] == "application/problem+json"
    return int(answered.headers["Retry-After"]) >= 1


async def is_counted(service: ApiClient) -> bool:
    """Each of its requests. Between two of them, another minute may begin."""
    answers = [await service.get(f"/user/{ANA}/state") for _ in range(2)]
    first, second = (int(each.headers["RateLimit-Remaining"]) for each in answers)
    return second == first - 1


async def lose(world: World, component: Component, way: Way) -> None:
    world.lose(component, way)
    await asyncio.to_thread(world.until_noticed, component)


async def restore(world: World, component: Component) -> None:
    await world.restore(component)
    await asyncio.to_thread(world.until_well)


@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_without_mongodb_only_what_is_there_waits(new_world: NewWorld, way: Way) -> None:
    world = new_world()
    world.program.start()
    async with service_of(world.program) as service:
        await until(lambda: is_known(service))
        etag = (await register(service, ANA)).headers["ETag"]
        etag = (await service.get(f"/user/{ANA}/state")).headers["ETag"]
        await asyncio.to_thread(wait_until, lambda: has_document(world, ANA))
        # What a process remembers of a state it answers without MongoDB: this one remembers none.
        assert await asyncio.to_thread(world.program.stop) == 0
        await asyncio.to_thread(world.program.start)
        await lose(world, "mongodb", way)

        assert waits_for(await service.get(f"/user/{ANA}/state"))
        same = await service.get(f"/user/{ANA}/state", If_None_Match=etag)
        assert same.status == 304
        key = {"Idempotency_Key": "later"}
        assert waits_for(await service.put(f"/user/{ANA}/preferences", PREFERENCES, **key))
        assert (await service.get(f"/user/{NOBODY}/state")).status == 404
        assert (await service.get(f"/user/{ANA}/subscription")).status == 200
        assert (await service.get(f"/user/{ANA}/besitos")).body["balance"] == 0
        assert (await service.post(f"/user/{ANA}/besitos/award", AWARD)).status == 200
        # Their document waits in SQL, where it is read until MongoDB has it.
        assert (await register(service, BEA)).status == 201
        assert (await service.get(f"/user/{BEA}/state")).status == 200

        await restore(world, "mongodb")
        put = await service.put(f"/user/{ANA}/preferences", PREFERENCES, **key)
        assert (put.status, put.body) == (200, PREFERENCES)
        assert "Idempotent-Replayed" not in put.headers
        assert (await service.get(f"/user/{ANA}/besitos")).body["balance"] == AWARD["amount"]
    assert world.program.stop() == 0


@pytest.mark.parametrize("way", ["killed", "frozen"])
async def test_without_redis_services_notice_nothing(new_world: NewWorld, way: Way) -> None:
    world = new_world()
    world.program.start()
    async with service_of(world.program) as service:
        await until(lambda: is_known(service))
        await lose(world, "redis", way)
        assert (await register(service, ANA)).status == 201
        assert (await service.put(f"/user/{ANA}/preferences", PREFERENCES)).status == 200
        found = await service.get(f"/user/{ANA}/state")
        assert (found.status, found.body["preferences"]) == (200, PREFERENCES)
        # Counted by the process alone, meanwhile.
        await until(lambda: is_counted(service))
        events = await service.get(f"/user/{ANA}/events")
        assert "user_registered" in str(events.body)
        await restore(world, "redis")
    assert world.program.stop() == 0


@pytest.mark.parametrize("way", ["killed", "unreachable"])
async def test_without_sql_whoever_is_known_waits_and_nobody_is_said_to_be_nobody(
    new_world: NewWorld, way: Way
) -> None:
    world = new_world(postgres=True)
    world.program.start()
    async with service_of(world.program) as service:
        await until(lambda: is_known(service))
        await register(service, ANA)
        await lose(world, "sql", way)
        for user_id in (ANA, NOBODY):
            assert waits_for(await service.get(f"/user/{user_id}/state"))
        assert waits_for(await service.post(f"/user/{ANA}/besitos/award", AWARD, key="one"))
        # Keys and services are known from before: it is told who is who, also by another token.
        service.token = token_for(world.program, "users:read")
        assert waits_for(await service.get(f"/user/{ANA}/state"))
        assert (await service.post(f"/user/{ANA}/besitos/award", AWARD)).status == 403
        service.token = "a.b.c"
        refused = await service.get(f"/user/{ANA}/state")
        assert (refused.status, "WWW-Authenticate" in refused.headers) == (401, True)

        await restore(world, "sql")
        service.token = token_for(world.program)
        path = f"/user/{ANA}/besitos"
        awarded = [await service.post(f"{path}/award", AWARD, key="one") for _ in range(2)]
        assert [each.status for each in awarded] == [200, 200]
        assert (await service.get(path)).body["balance"] == AWARD["amount"]
    assert world.program.stop() == 0
