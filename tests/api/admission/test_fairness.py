"""Quotas and turns as services meet them, over HTTP."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel
from starlette.responses import Response

from tests.api.client import ApiClient, serving, without_haste
from yabot.api.admission import turns as bounds
from yabot.api.answering.problems import MEDIA_TYPE, Refused
from yabot.api.labels import MOST_SERVICES, OTHERS
from yabot.api.operations.requests import Asking
from yabot.api.operations.routes import Routes
from yabot.observability.metrics import API_TURNED_AWAY

pytestmark = pytest.mark.standard


class Nothing(BaseModel):
    done: bool = True


class Work:
    """What one path waits for, and another fails at."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    def routes(self) -> Routes:
        routes = Routes("tests")

        @routes.get("/quick", needs="users:read", gives=Nothing)
        async def quick(asking: Asking) -> Response:
            """At once."""
            return asking.answer(Nothing())

        @routes.get("/slow", needs="users:read", gives=Nothing)
        async def slow(asking: Asking) -> Response:
            """As when a store does not answer."""
            self.begun += 1
            await self.go.wait()
            return asking.answer(Nothing())

        @routes.get("/broken", needs="users:read", gives=Nothing)
        async def broken(asking: Asking) -> Response:
            """As whatever nobody has thought of."""
            raise RuntimeError(asking.caller.service)

        return routes


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def api(work: Work) -> AsyncIterator[ApiClient]:
    async with serving(work.routes()) as client:
        yield client


async def test_each_answer_tells_how_the_quota_stands_until_it_is_used_up(work: Work) -> None:
    async with serving(work.routes(), fairness=without_haste(per_minute=3)) as api:
        answers = [await api.get("/quick") for _ in range(3)]
        assert [answer.status for answer in answers] == [200] * 3
        assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0"]
        refused = await api.get("/quick", X_Correlation_Id="order-7")
        assert (refused.status, refused.code) == (429, "quota_exceeded")
        assert refused.headers["Content-Type"] == MEDIA_TYPE
        assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"]
        assert refused.body["correlation_id"] == refused.headers["X-Correlation-Id"] == "order-7"
        api.service = "letters"
        assert (await api.get("/quick")).status == 200


async def test_who_waits_for_a_store_leaves_turns_to_other_services(
    api: ApiClient, work: Work
) -> None:
    stuck = [asyncio.create_task(api.get("/slow")) for _ in range(bounds.AT_ONCE)]
    other = ApiClient(api.session, "letters")
    assert (await other.get("/quick")).status == 200
    assert work.begun <= bounds.OF_ONE
    work.go.set()
    assert {answer.status for answer in await asyncio.gather(*stuck)} == {200}


@pytest.mark.parametrize(("path", "status"), [("/broken", 500), ("/nowhere", 404)])
async def test_whatever_becomes_of_a_request_its_turn_ends(
    api: ApiClient, path: str, status: int
) -> None:
    for _ in range(bounds.AT_ONCE + 1):
        assert (await api.get(path)).status == status
    api.scopes = []
    for _ in range(bounds.AT_ONCE + 1):
        assert (await api.get("/quick")).status == 403


async def test_turned_away_services_are_told_apart_up_to_a_bound() -> None:
    """A token of ours names whatever service it likes."""
    fairness, before = without_haste(per_minute=0), _turned_away().get(OTHERS, 0)
    for number in range(MOST_SERVICES + 3):
        with pytest.raises(Refused):
            await fairness.enter(f"away-{number}")
    told = _turned_away()
    assert sum(service.startswith("away-") for service in told) == MOST_SERVICES
    assert told[OTHERS] == before + 3


def _turned_away() -> dict[str, float]:
    return {
        sample.labels["service"]: sample.value
        for metric in API_TURNED_AWAY.collect()
        for sample in metric.samples
        if sample.name.endswith("_total") and sample.labels["code"] == "quota_exceeded"
    }
