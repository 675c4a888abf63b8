"""The example that comes with the client does its job, whenever it is stopped."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.client.contract.world import World
from tests.features.harness import HarnessReader
from tests.waiting import PATIENCE
from yabot.features.besitos.events import BesitosAwarded
from yabot_client import AsyncClient
from yabot_client.codes import ScopeMissing

EXAMPLE = Path(__file__).parents[3] / "clients" / "python" / "examples" / "award_vip_readers.py"
MAY_READ = ("users:read", "subscriptions:read")


@pytest.fixture
async def vips(world: World, yabot: AsyncClient) -> Sequence[HarnessReader]:
    """The last two readers as they are listed; there are five."""
    readers = [world.ana, world.bob, world.leaver]
    readers += [await world.harness.join() for _ in range(2)]
    vips = sorted(readers, key=lambda reader: reader.user_id)[3:]
    for reader in vips:
        await yabot.extend_user_subscription(reader.user_id, plan_type="vip")
    return vips


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = spec_from_file_location("example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_it_goes_on_where_it_stopped_and_gives_nothing_twice(
    world: World,
    yabot: AsyncClient,
    vips: Sequence[HarnessReader],
    example: ModuleType,
    tmp_path: Path,
) -> None:
    place = tmp_path / "spring.cursor"
    # One that comes as far as the first present.
    stopped = await world.service(*MAY_READ)
    with pytest.raises(ScopeMissing):
        await stopped.waits(lambda client, _: example.award_all(client, "spring", place, 2), world)
    assert await given(vips) == [[], []]
    service = await world.service(*MAY_READ, "besitos:write")
    for _ in range(2):
        await service.waits(lambda client, _: example.award_all(client, "spring", place, 2), world)
    assert await given(vips) == [[10], [10]]
    # The second page and the third; and then the third again.
    assert await subscriptions_asked_for(yabot, service.forge.service) == 3 + 1
    place.unlink()
    await service.waits(lambda client, _: example.award_all(client, "spring", place, 2), world)
    assert await given(vips) == [[10], [10]]


async def test_it_is_a_program(world: World, vips: Sequence[HarnessReader], tmp_path: Path) -> None:
    key = tmp_path / "orders.jwk"
    key.write_text(json.dumps((await world.everything()).forge.private_jwk))
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, EXAMPLE, "spring"),
        cwd=tmp_path,
        env={**os.environ, "YABOT_URL": world.url, "YABOT_KEY": str(key)},
    )
    assert await asyncio.wait_for(program.wait(), PATIENCE) == 0
    assert await given(vips) == [[10], [10]]


async def subscriptions_asked_for(yabot: AsyncClient, service: str) -> int:
    told = await yabot.list_requests()
    return sum(
        each["requests"]
        for each in told["asked"]
        if (each["service"], each["operation"]) == (service, "get_user_subscription")
    )


async def given(vips: Sequence[HarnessReader]) -> list[list[int]]:
    return [[each["amount"] for each in await vip.events(BesitosAwarded)] for vip in vips]
