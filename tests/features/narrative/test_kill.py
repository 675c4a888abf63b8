"""kill -9 while a fragment is replaced: sent again, it is replaced once, for every reader.

One program lives through it all, as in ``tests/e2e/test_kill.py``, so each test puts back what it
has replaced.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientError

from tests.api.client import Answered, ApiClient
from tests.api.running import service_of
from tests.e2e.kill_points import KillPoint
from tests.e2e.program import Program
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

Json = dict[str, Any]
PAGE = "/narrative/envelope"
# Before SQL has it, and before MongoDB has heard of it. Within MongoDB's transaction: there a dead
# process holds what it was changing for a minute, see ``test_following``.
POINTS = [
    KillPoint("commit", "INSERT INTO fragment_changes"),
    KillPoint("log", "unit.committed"),
]


async def read(service: ApiClient) -> tuple[Json, str]:
    """The page as it may be sent back, and its ETag."""
    page = await service.get(PAGE)
    sent = {name: page.body[name] for name in ("title", "content", "choices", "metadata")}
    return sent, page.headers["ETag"]


async def replace(service: ApiClient, page: Json, etag: str) -> Answered:
    return await service.put(PAGE, page, If_Match=etag, Idempotency_Key=str(uuid4()))


@asynccontextmanager
async def put_back(program: Program) -> AsyncIterator[None]:
    async with service_of(program) as service:
        page, _ = await read(service)
    yield
    async with service_of(program) as service:
        _, etag = await read(service)
        assert (await replace(service, page, etag)).status == 200


@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_a_fragment_is_replaced_once(mortal: Program, point: KillPoint) -> None:
    title, key = f"El sobre {uuid4().hex[:8]}", str(uuid4())
    async with put_back(mortal):
        async with service_of(mortal) as service:
            page, etag = await read(service)
            wanted = {**page, "title": {**page["title"], "es": title}}
            headers = {"If-Match": etag, "Idempotency-Key": key}
            mortal.arm(point)
            with pytest.raises(ClientError):
                await service.ask("PUT", PAGE, wanted, headers)
        assert mortal.exit_code(PATIENCE) == -9, f"it has not passed {point}"
        mortal.start()

        async with service_of(mortal) as service:
            again = await service.ask("PUT", PAGE, wanted, headers)
            assert (again.status, again.body["title"]["es"]) == (200, title)
            assert (await service.get(PAGE)).body == again.body
            history = (await service.get(f"{PAGE}/history?limit=5")).body["items"]
        assert [title in each["after"]["title"]["es"] for each in history].count(True) == 1
        assert changes_in_mongodb(mortal) == history[0]["number"]


def changes_in_mongodb(program: Program) -> int:
    story = program.stores.mongodb.narrative_stories.find_one({"_id": "current"})
    assert story is not None
    return int(story["changes"])
