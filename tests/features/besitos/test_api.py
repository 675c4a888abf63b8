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
from yabot_client import AsyncClient
from yabot_client.codes import (
    BesitosInsufficient,
    BesitosMovedBefore,
    CursorInvalid,
    RecipientUnknown,
    SameUser,
    ScopeMissing,
    SenderUnknown,
    UserUnknown,
)
from yabot_client.types import BesitosTransaction

FIVE = {"amount": 5, "reason": "welcome"}


async def balance(yabot: AsyncClient, user_id: str) -> int:
    return (await yabot.get_user_besitos(user_id)).value["balance"]


async def award(
    yabot: AsyncClient, user_id: str, amount: int = 5, key: str | None = None
) -> BesitosTransaction:
    return await yabot.award_besitos(user_id, amount=amount, reason="welcome", idempotency_key=key)


async def spend(yabot: AsyncClient, user_id: str, amount: int = 5) -> BesitosTransaction:
    return await yabot.spend_besitos(user_id, amount=amount, reason="ticket")


async def give(yabot: AsyncClient, sender: str, recipient: str, amount: int) -> BesitosTransaction:
    return await yabot.transfer_besitos(from_=sender, to=recipient, amount=amount)


async def forget_answers(harness: Harness) -> None:
    """As when they are older than they are kept."""

    def remove(connection: Any) -> None:
        connection.execute(delete(api_answers))
        connection.execute(delete(receipts))

    await harness.services.database.write(remove)


async def test_what_is_awarded_is_there_and_told_of(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    answered = await yabot.award_besitos(
        ana.user_id, amount=5, reason="welcome", source="till", idempotency_key="one"
    )
    assert answered == {
        "transaction_id": "api:orders:one",
        "source": "api:orders:till",
        **FIVE,
    }
    found = await yabot.get_user_besitos(ana.user_id)
    assert found.value == {"balance": 5, "earned": 5}
    assert await yabot.get_user_besitos(ana.user_id, known=found) is found
    (told,) = await ana.events(BesitosAwarded)
    assert told == {**answered, "balance_after": 5}
    assert (await sums_of(harness.services.database))["system:rewards"] == -5


async def test_what_is_spent_is_gone_and_told_of(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    await award(yabot, ana.user_id)
    answered = await spend(yabot, ana.user_id, 3)
    assert answered["source"] == "api:orders"
    assert (await yabot.get_user_besitos(ana.user_id)).value == {"balance": 2, "earned": 5}
    (told,) = await ana.events(BesitosSpent)
    assert told == {**answered, "balance_after": 2}
    assert (await sums_of(harness.services.database))["system:shop"] == 3


async def test_what_is_transferred_moves_with_one_commit(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    await award(yabot, ana.user_id)
    assert (await give(yabot, ana.user_id, bea.user_id, 4))["amount"] == 4
    assert [await balance(yabot, each.user_id) for each in (ana, bea)] == [1, 4]
    assert (await yabot.get_user_besitos(bea.user_id)).value["earned"] == 0


async def test_nobody_spends_or_gives_what_they_have_not(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    await award(yabot, ana.user_id)
    for asked in (
        spend(yabot, ana.user_id, 6),
        give(yabot, ana.user_id, bea.user_id, 6),
        spend(yabot, bea.user_id),
    ):
        with pytest.raises(BesitosInsufficient):
            await asked
    assert [await balance(yabot, each.user_id) for each in (ana, bea)] == [5, 0]


async def test_who_is_unknown_is_not_poor(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    await award(yabot, ana.user_id)
    for asked in (
        yabot.get_user_besitos("4242"),
        yabot.list_user_besitos_movements("4242"),
        award(yabot, "4242"),
        spend(yabot, "4242"),
    ):
        with pytest.raises(UserUnknown):
            await asked
    with pytest.raises(SenderUnknown):
        await give(yabot, "4242", ana.user_id, 1)
    with pytest.raises(RecipientUnknown):
        await give(yabot, ana.user_id, "4242", 1)
    # Who cannot pay learns nothing of the other.
    with pytest.raises(BesitosInsufficient):
        await give(yabot, ana.user_id, "4242", 6)
    assert await balance(yabot, ana.user_id) == 5


async def test_nobody_gives_to_themselves(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    with pytest.raises(SameUser):
        await give(yabot, ana.user_id, ana.user_id, 1)


async def test_one_key_moves_besitos_once_also_when_its_answer_is_forgotten(
    api: ApiClient, yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    first = await award(yabot, ana.user_id, key="one")
    assert await award(yabot, ana.user_id, key="one") == first
    await forget_answers(harness)
    with pytest.raises(BesitosMovedBefore):
        await award(yabot, ana.user_id, key="one")
    assert await balance(yabot, ana.user_id) == 5
    # Another service's key is another cause.
    api.service = "quests"
    await award(yabot, ana.user_id, key="one")
    assert await balance(yabot, ana.user_id) == 10


async def test_twenty_equal_awards_at_once_are_one(yabot: AsyncClient, harness: Harness) -> None:
    ana = await harness.join()
    await asyncio.gather(*(award(yabot, ana.user_id, key="one") for _ in range(20)))
    assert await balance(yabot, ana.user_id) == 5


async def test_ten_that_spend_at_once_spend_what_there_is(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await award(yabot, ana.user_id, 12)
    asking = (spend(yabot, ana.user_id) for _ in range(10))
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert sum(isinstance(each, BesitosInsufficient) for each in answers) == 8
    assert await balance(yabot, ana.user_id) == 2


async def test_an_award_during_a_deletion_leaves_nothing_behind(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    await award(yabot, ana.user_id)
    asking = (award(yabot, ana.user_id) for _ in range(5))
    answers = await asyncio.gather(*asking, yabot.delete_user(ana.user_id), return_exceptions=True)
    assert {type(each) for each in answers if isinstance(each, BaseException)} <= {UserUnknown}
    with pytest.raises(UserUnknown):
        await yabot.get_user_besitos(ana.user_id)
    assert await audit_ledger(harness.services.database) == []
    await ana.say("/start")
    assert await balance(yabot, ana.user_id) == 0
    assert (await yabot.list_user_besitos_movements(ana.user_id))["items"] == []


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
    api: ApiClient, yabot: AsyncClient, harness: Harness, wrong: dict[str, Any]
) -> None:
    ana = await harness.join()
    refused = await api.post(f"/user/{ana.user_id}/besitos/award", {**FIVE, **wrong})
    assert (refused.status, refused.code) == (422, "invalid_request")
    assert await balance(yabot, ana.user_id) == 0


async def test_no_service_poses_as_a_part_of_the_program(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    answered = await yabot.award_besitos(
        ana.user_id, amount=5, reason="welcome", source="migration"
    )
    assert answered["source"] == "api:orders:migration"
    assert "system:migration" not in await sums_of(harness.services.database)


async def test_movements_come_newest_first_and_page_by_page(
    yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    for amount in (1, 2, 3):
        await award(yabot, ana.user_id, amount)
    movements = yabot.iterate_user_besitos_movements(ana.user_id, limit=2)
    assert [(await anext(movements))["amount"] for _ in range(2)] == [3, 2]
    # What comes meanwhile is newer than all of them.
    await spend(yabot, ana.user_id, 6)
    assert [each["amount"] async for each in movements] == [1]
    (newest,) = (await yabot.list_user_besitos_movements(ana.user_id, limit=1))["items"]
    assert (newest["amount"], newest["kind"], newest["reason"]) == (-6, "spend", "ticket")


async def test_a_cursor_is_for_one_user(yabot: AsyncClient, harness: Harness) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    for _ in range(2):
        await award(yabot, ana.user_id)
    page = await yabot.list_user_besitos_movements(ana.user_id, limit=1)
    with pytest.raises(CursorInvalid):
        await yabot.list_user_besitos_movements(bea.user_id, after=page["next"])


async def test_a_present_does_not_tell_whose_it_was(yabot: AsyncClient, harness: Harness) -> None:
    ana, bea = await harness.join("Ana"), await harness.join("Bea")
    besitos = harness.services[BesitosService]
    await award(yabot, ana.user_id)

    async def transfer(work: UnitOfWork) -> None:
        key = f"gift:{ana.user_id}:1"
        await besitos.transfer(work, ana.user_id, bea.user_id, 2, key=key)

    await harness.commit(transfer)
    (received,) = (await yabot.list_user_besitos_movements(bea.user_id))["items"]
    assert (received["amount"], received["transaction_id"]) == (2, None)
    given, _ = (await yabot.list_user_besitos_movements(ana.user_id))["items"]
    assert given["transaction_id"] == f"gift:{ana.user_id}:1"
    (told,), (giver_told,) = await bea.events(BesitosAwarded), await ana.events(BesitosSpent)
    assert told["transaction_id"].startswith("transfer:")
    assert giver_told["transaction_id"] == f"gift:{ana.user_id}:1"


async def test_who_may_only_read_moves_nothing(
    api: ApiClient, yabot: AsyncClient, harness: Harness
) -> None:
    ana = await harness.join()
    api.scopes = ["besitos:read", "users:write"]
    for asked in (
        award(yabot, ana.user_id),
        spend(yabot, ana.user_id),
        give(yabot, ana.user_id, "4242", 1),
    ):
        with pytest.raises(ScopeMissing):
            await asked
    assert await balance(yabot, ana.user_id) == 0
