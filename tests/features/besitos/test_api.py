"""Besitos, as other services ask for them and move them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete

from tests.api.client import ApiClient
from tests.features.besitos.ledger import sums_of
from tests.features.harness import Harness
from yabot.api.tables import api_answers
from yabot.features.besitos.audit import audit_ledger
from yabot.features.besitos.events import BesitosAwarded, BesitosSpent
from yabot.features.besitos.model import MAX_AMOUNT
from yabot.features.besitos.service import BesitosService
from yabot.log.tables import receipts
from yabot.log.unit_of_work import UnitOfWork

FIVE = {"amount": 5, "reason": "welcome"}


async def balance(api: ApiClient, user_id: str) -> int:
    return int((await api.get(f"/user/{user_id}/besitos")).body["balance"])


async def forget_answers(harness: Harness) -> None:
    """As when they are older than they are kept."""

    def remove(connection: Any) -> None:
        connection.execute(delete(api_answers))
        connection.execute(delete(receipts))

    await harness.services.database.write(remove)


async def test_what_is_awarded_is_there_and_told_of(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/besitos"
    answered = await api.post(f"{path}/award", {**FIVE, "source": "till"}, key="one")
    assert answered.status == 200
    assert answered.body == {
        "transaction_id": "api:orders:one",
        "source": "api:orders:till",
        **FIVE,
    }
    found = await api.get(path)
    assert found.body == {"balance": 5, "earned": 5}
    assert (await api.get(path, If_None_Match=found.headers["ETag"])).status == 304
    (told,) = await ana.events(BesitosAwarded)
    assert told == {**answered.body, "balance_after": 5}
    assert (await sums_of(harness.services.database))["system:rewards"] == -5


async def test_what_is_spent_is_gone_and_told_of(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/besitos"
    await api.post(f"{path}/award", FIVE)
    answered = await api.post(f"{path}/spend", {"amount": 3, "reason": "ticket"}, key="two")
    assert (answered.status, answered.body["source"]) == (200, "api:orders")
    assert (await api.get(path)).body == {"balance": 2, "earned": 5}
    (told,) = await ana.events(BesitosSpent)
    assert told == {**answered.body, "balance_after": 2}
    assert (await sums_of(harness.services.database))["system:shop"] == 3


async def test_what_is_transferred_moves_with_one_commit(api: ApiClient, harness: Harness) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    await api.post(f"/user/{ana.user_id}/besitos/award", FIVE)
    answered = await api.post("/besitos/transfers", gift(ana.user_id, bea.user_id, 4))
    assert (answered.status, answered.body["amount"]) == (200, 4)
    assert [await balance(api, each.user_id) for each in (ana, bea)] == [1, 4]
    assert (await api.get(f"/user/{bea.user_id}/besitos")).body["earned"] == 0


async def test_nobody_spends_or_gives_what_they_have_not(api: ApiClient, harness: Harness) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    await api.post(f"/user/{ana.user_id}/besitos/award", FIVE)
    six = {**FIVE, "amount": 6}
    for refused in (
        await api.post(f"/user/{ana.user_id}/besitos/spend", six),
        await api.post("/besitos/transfers", gift(ana.user_id, bea.user_id, 6)),
        await api.post(f"/user/{bea.user_id}/besitos/spend", FIVE),
    ):
        assert (refused.status, refused.code) == (409, "besitos_insufficient")
    assert [await balance(api, each.user_id) for each in (ana, bea)] == [5, 0]


async def test_who_is_unknown_is_not_poor(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    await api.post(f"/user/{ana.user_id}/besitos/award", FIVE)
    asked = {
        "user_unknown": [
            await api.get("/user/4242/besitos"),
            await api.get("/user/4242/besitos/movements"),
            await api.post("/user/4242/besitos/award", FIVE),
            await api.post("/user/4242/besitos/spend", FIVE),
        ],
        "sender_unknown": [await api.post("/besitos/transfers", gift("4242", ana.user_id, 1))],
        "recipient_unknown": [await api.post("/besitos/transfers", gift(ana.user_id, "4242", 1))],
    }
    for code, answers in asked.items():
        assert {(each.status, each.code) for each in answers} == {(404, code)}
    # Who cannot pay learns nothing of the other.
    refused = await api.post("/besitos/transfers", gift(ana.user_id, "4242", 6))
    assert refused.code == "besitos_insufficient"
    assert await balance(api, ana.user_id) == 5


async def test_nobody_gives_to_themselves(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    refused = await api.post("/besitos/transfers", gift(ana.user_id, ana.user_id, 1))
    assert (refused.status, refused.code) == (409, "same_user")


async def test_one_key_moves_besitos_once_also_when_its_answer_is_forgotten(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/besitos/award"
    first = await api.post(path, FIVE, key="one")
    assert (await api.post(path, FIVE, key="one")).body == first.body
    await forget_answers(harness)
    late = await api.post(path, FIVE, key="one")
    assert (late.status, late.code) == (409, "besitos_moved_before")
    assert await balance(api, ana.user_id) == 5
    # Another service's key is another cause.
    api.service = "quests"
    assert (await api.post(path, FIVE, key="one")).status == 200
    assert await balance(api, ana.user_id) == 10


async def test_twenty_equal_awards_at_once_are_one(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/besitos/award"
    answers = await asyncio.gather(*(api.post(path, FIVE, key="one") for _ in range(20)))
    assert {each.status for each in answers} == {200}
    assert await balance(api, ana.user_id) == 5


async def test_ten_that_spend_at_once_spend_what_there_is(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    await api.post(f"/user/{ana.user_id}/besitos/award", {**FIVE, "amount": 12})
    path = f"/user/{ana.user_id}/besitos/spend"
    answers = await asyncio.gather(*(api.post(path, FIVE) for _ in range(10)))
    assert sorted(each.status for each in answers) == [200, 200, *[409] * 8]
    assert await balance(api, ana.user_id) == 2


async def test_an_award_during_a_deletion_leaves_nothing_behind(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}"
    await api.post(f"{path}/besitos/award", FIVE)
    answers = await asyncio.gather(
        *(api.post(f"{path}/besitos/award", FIVE) for _ in range(5)), api.delete(path)
    )
    assert {each.status for each in answers} <= {200, 204, 404}
    assert (await api.get(f"{path}/besitos")).status == 404
    assert await audit_ledger(harness.services.database) == []
    await ana.say("/start")
    assert await balance(api, ana.user_id) == 0
    assert (await api.get(f"{path}/besitos/movements")).body["items"] == []


def gift(sender: str, recipient: str, amount: int) -> dict[str, Any]:
    return {"from": sender, "to": recipient, "amount": amount}


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 0},
        {"amount": -1},
        {"amount": MAX_AMOUNT + 1},
        {"amount": 1.5},
        {"amount": "5"},
        {"amount": True},
        {"reason": "two words"},
        {"reason": "x" * 33},
        {"source": "rewards:7"},
        {"source": ""},
        {"key": "mine"},
    ],
)
async def test_what_cannot_be_moved_is_not(
    api: ApiClient, harness: Harness, wrong: dict[str, Any]
) -> None:
    ana = await harness.join()
    refused = await api.post(f"/user/{ana.user_id}/besitos/award", {**FIVE, **wrong})
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert await balance(api, ana.user_id) == 0


async def test_no_service_poses_as_a_part_of_the_program(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/besitos/award"
    answered = await api.post(path, {**FIVE, "source": "migration"})
    assert answered.body["source"] == "api:orders:migration"
    assert "system:migration" not in await sums_of(harness.services.database)


async def test_movements_come_newest_first_and_page_by_page(
    api: ApiClient, harness: Harness
) -> None:
    ana = await harness.join()
    path = f"/user/{ana.user_id}/besitos"
    for amount in (1, 2, 3):
        await api.post(f"{path}/award", {**FIVE, "amount": amount})
    first = await api.get(f"{path}/movements?limit=2")
    assert [each["amount"] for each in first.body["items"]] == [3, 2]
    # What comes meanwhile is newer than all of them.
    await api.post(f"{path}/spend", {**FIVE, "amount": 6})
    rest = await api.get(f"{path}/movements?limit=2&after={first.body['next']}")
    assert [each["amount"] for each in rest.body["items"]] == [1]
    assert rest.body["next"] is None
    (newest,) = (await api.get(f"{path}/movements?limit=1")).body["items"]
    assert (newest["amount"], newest["kind"], newest["reason"]) == (-6, "spend", "welcome")


async def test_a_cursor_is_for_one_user(api: ApiClient, harness: Harness) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    for _ in range(2):
        await api.post(f"/user/{ana.user_id}/besitos/award", FIVE)
    after = (await api.get(f"/user/{ana.user_id}/besitos/movements?limit=1")).body["next"]
    refused = await api.get(f"/user/{bea.user_id}/besitos/movements?after={after}")
    assert (refused.status, refused.code) == (422, "cursor_invalid")


async def test_a_present_does_not_tell_whose_it_was(api: ApiClient, harness: Harness) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    besitos = harness.services[BesitosService]
    await api.post(f"/user/{ana.user_id}/besitos/award", FIVE)

    async def give(work: UnitOfWork) -> None:
        key = f"gift:{ana.user_id}:1"
        await besitos.transfer(work, ana.user_id, bea.user_id, 2, key=key)

    await harness.commit(give)
    (received,) = (await api.get(f"/user/{bea.user_id}/besitos/movements")).body["items"]
    assert (received["amount"], received["transaction_id"]) == (2, None)
    given, _ = (await api.get(f"/user/{ana.user_id}/besitos/movements")).body["items"]
    assert given["transaction_id"] == f"gift:{ana.user_id}:1"


async def test_who_may_only_read_moves_nothing(api: ApiClient, harness: Harness) -> None:
    ana = await harness.join()
    api.scopes = ["besitos:read", "users:write"]
    for refused in (
        await api.post(f"/user/{ana.user_id}/besitos/award", FIVE),
        await api.post(f"/user/{ana.user_id}/besitos/spend", FIVE),
        await api.post("/besitos/transfers", gift(ana.user_id, "4242", 1)),
    ):
        assert (refused.status, refused.code) == (403, "scope_missing")
    assert await balance(api, ana.user_id) == 0
