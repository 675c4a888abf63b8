"""A request that changes something takes effect once, and is answered the same however often it
comes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel, Field
from sqlalchemy import Connection, delete
from starlette.responses import Response

from tests.api.client import Answered, ApiClient, serving
from tests.log.faults import failing_commit
from tests.storage.dumps import rows_of
from tests.waiting import PATIENCE, until
from yabot.api import personal_data
from yabot.api.answering.answers import Answer
from yabot.api.answering.problems import Problem
from yabot.api.operations.door import Door
from yabot.api.operations.parameters import UserId
from yabot.api.operations.requests import Posting
from yabot.api.operations.routes import Routes, StrictBody
from yabot.api.tables import api_answers
from yabot.errors import GuardFailed, InvalidInput, StoreUnavailable
from yabot.events.operations import UserInteraction
from yabot.log.commit_log import CommitLog
from yabot.log.tables import audit_log, outbox, receipts
from yabot.log.unit_of_work import Cause, UnitOfWork, guard
from yabot.storage.relational.database import Database

SOLD_OUT = Problem(409, "sold_out", "There are none left.")


class Order(StrictBody):
    wanted: int = Field(ge=1, le=100)


class Receipt(BaseModel):
    bought: int
    left: int


@dataclass
class Shop:
    """Something to buy, for whoever asks; each decision is counted."""

    commits: CommitLog
    # Seconds are for who waits for a database: here it is away for good.
    door: Door = field(init=False)
    decisions: int = 0
    left: int = 10
    fails: list[Exception] = field(default_factory=list)
    # Decisions that are out of date when they are committed; what fails does so behind them.
    races_to_lose: int = 0
    # What happens while the first decision is made.
    meanwhile: Callable[[], Awaitable[object]] | None = None

    def __post_init__(self) -> None:
        self.door = Door(self.commits, confirm_within=0.3)

    async def decide(self, work: UnitOfWork, wanted: int) -> Answer:
        self.decisions += 1
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        if self.races_to_lose:
            self.races_to_lose -= 1
            work.add(_changed_meanwhile)
        elif self.fails:
            raise self.fails.pop(0)
        work.publish(UserInteraction(action="bought"))
        if wanted > self.left:
            raise SOLD_OUT.refuse(f"There are {self.left} left.")
        return Answer.of(Receipt(bought=wanted, left=self.left - wanted), 201)

    def routes(self) -> Routes:
        routes = Routes("shop")

        @routes.post(
            "/user/{user_id}/orders", needs="items:write", gives=Receipt, refuses=[SOLD_OUT]
        )
        async def post_order(user_id: UserId, body: Order, change: Posting) -> Response:
            return await self.door.change(
                change, lambda work: self.decide(work, body.wanted), user_id
            )

        return routes

    async def has_decided_again(self) -> bool:
        return self.decisions > 1

    async def bought(self) -> int:
        rows = await rows_of(self.commits.database, outbox)
        return [row["event_type"] for row in rows].count("user_interaction")


def _changed_meanwhile(_connection: Connection) -> None:
    guard(False, "the stock")


@pytest.fixture
def shop(commits: CommitLog) -> Shop:
    return Shop(commits)


@pytest.fixture
async def api(shop: Shop) -> AsyncIterator[ApiClient]:
    async with serving(shop.routes()) as client:
        yield client


async def test_a_repeat_takes_no_effect_and_gets_the_same_answer(
    api: ApiClient, shop: Shop
) -> None:
    first = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    shop.left = 5
    again = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    assert (first.status, first.body) == (again.status, again.body)
    assert first.status == 201
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await shop.bought() == 1


async def test_twenty_at_once_take_one_effect_and_get_one_answer(
    api: ApiClient, shop: Shop
) -> None:
    answers = await asyncio.gather(
        *(api.post("/user/7/orders", {"wanted": 1}, key="k") for _ in range(20))
    )
    assert {answer.status for answer in answers} == {201}
    assert len({json.dumps(answer.body) for answer in answers}) == 1
    assert await shop.bought() == 1


async def test_the_same_key_of_another_service_is_another_request(
    api: ApiClient, shop: Shop
) -> None:
    await api.post("/user/7/orders", {"wanted": 1}, key="k")
    api.service = "billing"
    other = await api.post("/user/7/orders", {"wanted": 2}, key="k")
    assert other.status == 201
    assert await shop.bought() == 2


@pytest.mark.parametrize(
    ("path", "body"), [("/user/7/orders", {"wanted": 2}), ("/user/8/orders", {"wanted": 1})]
)
async def test_a_key_of_another_request_is_refused(
    api: ApiClient, shop: Shop, path: str, body: object
) -> None:
    await api.post("/user/7/orders", {"wanted": 1}, key="k")
    refused = await api.post(path, body, key="k")
    assert (refused.status, refused.code) == (422, "idempotency_key_reused")
    assert await shop.bought() == 1


async def test_what_a_rule_refuses_is_kept_like_a_success_and_changes_nothing(
    api: ApiClient, shop: Shop
) -> None:
    refused = await api.post("/user/7/orders", {"wanted": 11}, key="k")
    shop.left = 100
    again = await api.post("/user/7/orders", {"wanted": 11}, key="k")
    assert (refused.status, refused.code) == (again.status, again.code) == (409, "sold_out")
    assert again.body == refused.body
    assert await shop.bought() == 0


async def test_input_that_a_service_refuses_is_a_refusal_too(api: ApiClient, shop: Shop) -> None:
    shop.fails = [InvalidInput("7 is an odd number of them")]
    refused = await api.post("/user/7/orders", {"wanted": 7}, key="k")
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert refused.body["detail"] == "7 is an odd number of them"


async def test_a_mistake_of_form_leaves_the_key_free(api: ApiClient, shop: Shop) -> None:
    refused = await api.post("/user/7/orders", {"wanted": 0}, key="k")
    assert refused.status == 422
    assert shop.decisions == 0
    assert (await api.post("/user/7/orders", {"wanted": 1}, key="k")).status == 201


@pytest.mark.parametrize("key", [None, "", "x" * 129, "clé"])
async def test_a_key_is_asked_for(api: ApiClient, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    refused = await api.ask("POST", "/user/7/orders", {"wanted": 1}, headers)
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert [fault["pointer"] for fault in refused.body["errors"]] == ["header: Idempotency-Key"]


async def test_one_commit_holds_the_effect_the_answer_and_who_it_was(
    api: ApiClient, shop: Shop
) -> None:
    await api.post("/user/7/orders", {"wanted": 1}, key="k")
    database = shop.commits.database
    assert [row["cause_id"] for row in await rows_of(database, receipts)] == ["api:orders:k"]
    (answer,) = await rows_of(database, api_answers)
    assert (answer["service"], answer["key"], answer["user_id"]) == ("orders", "k", "7")
    (audited,) = await rows_of(database, audit_log)
    told = json.loads(audited["details"])
    assert told == {"by": "service:orders", "operation": "post_order", "cause_id": "api:orders:k"}
    completed = json.loads((await rows_of(database, outbox))[-1]["envelope"])
    assert completed["event_type"] == "operation_completed"
    assert completed["payload"]["operation"] == "post_order"
    assert completed["payload"]["outcome"] == "ok"


async def test_who_always_loses_is_told_to_come_again_and_keeps_the_key(
    api: ApiClient, shop: Shop
) -> None:
    shop.fails = [GuardFailed("it has changed")] * 8
    refused = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    assert (refused.status, refused.code) == (503, "too_busy")
    assert refused.headers["Retry-After"] == "1"
    assert (await api.post("/user/7/orders", {"wanted": 1}, key="k")).status == 201


async def test_a_store_that_cannot_be_read_means_that_nothing_has_happened(
    api: ApiClient, shop: Shop
) -> None:
    shop.fails = [StoreUnavailable("MongoDB", "no answer")]
    refused = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    assert (refused.status, refused.code) == (503, "store_unavailable")
    assert (await api.post("/user/7/orders", {"wanted": 1}, key="k")).status == 201


@pytest.mark.parametrize("store", ["MongoDB", "SQLite"])
async def test_behind_a_lost_race_it_still_means_that_nothing_has_happened(
    api: ApiClient, shop: Shop, store: str
) -> None:
    shop.races_to_lose = 1
    shop.fails = [StoreUnavailable(store, "no answer")]
    refused = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    assert (refused.status, refused.code) == (503, "store_unavailable")
    assert shop.decisions == 2


@asynccontextmanager
async def unconfirmed(
    api: ApiClient, shop: Shop, database: Database
) -> AsyncIterator[asyncio.Task[Answered]]:
    """An order of which SQL, until the end, takes no commit: it is being decided again."""
    shop.door = Door(shop.commits, confirm_within=PATIENCE)
    with failing_commit(database.engine):
        asking = asyncio.create_task(api.post("/user/7/orders", {"wanted": 1}, key="k"))
        await until(shop.has_decided_again)
        yield asking


async def test_a_store_that_fails_behind_an_unconfirmed_commit_makes_nothing_known(
    api: ApiClient, shop: Shop, database: Database
) -> None:
    async with unconfirmed(api, shop, database) as asking:
        shop.fails = [StoreUnavailable("MongoDB", "no answer")]
        refused = await asking
    assert (refused.status, refused.code) == (503, "outcome_unknown")


async def test_a_commit_that_nobody_confirms_is_made_again_within_the_request(
    api: ApiClient, shop: Shop, database: Database
) -> None:
    async with unconfirmed(api, shop, database) as asking:
        pass
    answered = await asking
    assert answered.status == 201
    assert await shop.bought() == 1


async def test_what_nobody_has_confirmed_is_unknown_until_it_is_asked_again(
    api: ApiClient, shop: Shop, database: Database
) -> None:
    with failing_commit(database.engine):
        refused = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    assert (refused.status, refused.code) == (503, "outcome_unknown")
    assert "same key" in refused.body["detail"]
    assert (await api.post("/user/7/orders", {"wanted": 1}, key="k")).status == 201
    assert await shop.bought() == 1


async def test_the_answer_is_that_of_whoever_committed_it(api: ApiClient, shop: Shop) -> None:
    """Its commit may be one whose confirmation has got lost: here another's, in between."""

    async def overtake() -> None:
        await api.post("/user/7/orders", {"wanted": 1}, key="k")
        shop.left = 3

    shop.meanwhile = overtake
    answered = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    assert answered.body == {"bought": 1, "left": 9}
    assert await shop.bought() == 1


async def test_who_is_forgotten_takes_their_answers_along(
    api: ApiClient, shop: Shop, database: Database
) -> None:
    await api.post("/user/7/orders", {"wanted": 1}, key="k")
    await api.post("/user/8/orders", {"wanted": 1}, key="other")

    async def forget(work: UnitOfWork) -> None:
        personal_data.personal_data(database).erase(work, "7")

    await shop.commits.decide(Cause("test", "forget", "forget"), forget)
    again = await api.post("/user/7/orders", {"wanted": 1}, key="k")
    assert (again.status, again.code) == (410, "answer_forgotten")
    assert (await api.post("/user/8/orders", {"wanted": 1}, key="other")).status == 201
    assert await shop.bought() == 2


async def test_a_repeat_whose_answer_has_expired_is_not_told_that_it_took_effect(
    api: ApiClient, shop: Shop
) -> None:
    """Answers and receipts go one after the other: between them, only the receipt is there."""
    await api.post("/user/7/orders", {"wanted": 1}, key="k")

    def expire(connection: Connection) -> None:
        connection.execute(delete(api_answers))

    await shop.commits.database.write(expire)
    again = await api.post("/user/7/orders", {"wanted": 2}, key="k")
    assert (again.status, again.code) == (410, "answer_forgotten")
    assert await shop.bought() == 1
