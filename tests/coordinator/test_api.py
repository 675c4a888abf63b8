"""Workflows as other services see and resume them: on both databases, over HTTP."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.api.client import ApiClient, serving
from tests.coordinator.orders import OrderCancelled, OrderPlaced, Refused
from tests.coordinator.shop import Shop
from tests.storage.dumps import rows_of
from yabot.api.operations.cursors import Cursors
from yabot.api.operations.door import Door
from yabot.api.tables import api_answers
from yabot.coordinator.api import routes
from yabot.log.commit_log import Committed
from yabot_client import AsyncClient
from yabot_client.codes import CursorInvalid, WorkflowNotStuck, WorkflowUnknown

RESUME = "/admin/workflows/order:a/resume"


@pytest.fixture
async def api(shop: Shop) -> AsyncIterator[ApiClient]:
    offered = routes(shop.inspector, Cursors(shop.database), Door(shop.commits))
    async with serving(offered) as client:
        yield client


@pytest.fixture
async def yabot(api: ApiClient) -> AsyncIterator[AsyncClient]:
    async with api.typed() as client:
        yield client


@pytest.fixture
async def stuck(shop: Shop) -> Shop:
    """With the order a, whose reservation could not be undone."""
    shop.faults.of["reserve"] = [Refused("the shelf is gone")]
    await shop.tell(OrderPlaced(order="a"))
    await shop.tell(OrderCancelled(order="a"))
    await shop.run()
    return shop


async def test_a_workflow_shows_what_it_has_done_and_what_failed(
    stuck: Shop, yabot: AsyncClient
) -> None:
    shown = await yabot.get_workflow("order:a")
    assert (shown["kind"], shown["user_id"], shown["state"]) == ("order", "7", "stuck")
    assert (shown["done"], shown["deadline"]) == (["reserve"], None)
    assert shown["error"] == "the shelf is gone"
    assert shown["failure"]
    assert shown["data"]["order"] == "a"
    with pytest.raises(WorkflowUnknown):
        await yabot.get_workflow("order:z")


async def test_they_are_listed_page_by_page_with_filters(shop: Shop, yabot: AsyncClient) -> None:
    for order, user_id in (("a", "7"), ("b", "8"), ("c", "7")):
        await shop.tell(OrderPlaced(order=order), user_id)
        await shop.run()
    first = await yabot.list_workflows(limit=2)
    assert [each["id"] for each in first["items"]] == ["order:c", "order:b"]
    rest = yabot.iterate_workflows(limit=2, after=first["next"])
    assert [each["id"] async for each in rest] == ["order:a"]
    found = await yabot.list_workflows(user_id="7", kind="order", state="reserved")
    assert [each["id"] for each in found["items"]] == ["order:c", "order:a"]
    with pytest.raises(CursorInvalid):
        await yabot.list_workflows(user_id="7", after=first["next"])


async def test_a_stuck_one_is_resumed_once_however_often_it_is_asked(
    stuck: Shop, api: ApiClient
) -> None:
    asking = (api.post(RESUME, key="one") for _ in range(8))
    answers = await asyncio.gather(*asking)
    assert {answer.status for answer in answers} == {200}
    assert {answer.body["state"] for answer in answers} == {"compensating"}
    assert await stuck.resumed_by() == ["service:orders"]
    await stuck.run()
    assert await stuck.state("a") == "failed"
    # The same request tells what it did then.
    again = await api.post(RESUME, key="one")
    assert (again.body["state"], again.headers["Idempotent-Replayed"]) == ("compensating", "true")
    # Another one finds nothing to resume.
    late = await api.post(RESUME)
    assert (late.status, late.code) == (409, "workflow_not_stuck")
    assert await stuck.resumed_by() == ["service:orders"]
    assert (await api.post("/admin/workflows/order:z/resume")).code == "workflow_unknown"


async def test_several_who_resume_it_at_once_resume_it_once(
    stuck: Shop, yabot: AsyncClient
) -> None:
    asking = (yabot.resume_workflow("order:a") for _ in range(6))
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(each, WorkflowNotStuck) for each in answers) == 5
    assert await stuck.resumed_by() == ["service:orders"]


async def test_one_commit_holds_the_effect_and_its_answer(stuck: Shop, api: ApiClient) -> None:
    commits: list[Committed] = []
    stuck.commits.followers.append(commits.append)
    await api.post(RESUME, key="one")
    assert [each.cause.id for each in commits] == ["api:orders:one"]
    assert await stuck.state("a") == "compensating"
    (kept,) = await rows_of(stuck.database, api_answers)
    assert (kept["service"], kept["key"], kept["status"]) == ("orders", "one", 200)


@pytest.mark.parametrize("path", ["/admin/workflows", "/admin/workflows/order:a"])
async def test_only_administrators_look(shop: Shop, api: ApiClient, path: str) -> None:
    api.scopes = ["users:read"]
    assert (await api.get(path)).code == "scope_missing"
    assert (await api.post(RESUME)).code == "scope_missing"
