"""Debit and grant are one: both, or neither, on SQLite and on PostgreSQL."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import Connection

from tests.features.shop.trade import BOAT, PENCIL, Trade, item, order
from tests.log.units import unit
from tests.storage.dumps import dump, events_of
from yabot.errors import GuardFailed
from yabot.features.besitos.audit import audit_ledger
from yabot.features.shop.service import Offer, Refused, Repriced, Unaffordable
from yabot.log.unit_of_work import UnitOfWork, guard


@pytest.mark.criterion("3.1.3")
async def test_one_commit_debits_and_grants(trade: Trade) -> None:
    await trade.join("7", 5)
    bought = await trade.press("7", order("boat", 3))
    assert bought == Offer(BOAT, price=3, balance=5)
    assert await trade.besitos.balance("7") == 2
    assert await trade.inventory("7") == {"boat": 1}
    kinds = [row["event_type"] for row in await events_of(trade.database, "7")]
    assert kinds[-2:] == ["besitos_spent", "item_acquired"]
    assert await audit_ledger(trade.database) == []


@pytest.mark.criterion("3.1.3")
async def test_two_presses_of_one_button_buy_once(trade: Trade) -> None:
    await trade.join("7", 20)
    button = order("boat", 3)
    answers = await asyncio.gather(*(trade.press("7", button) for _ in range(5)))
    assert Counter(map(type, answers)) == {Offer: 1, Refused: 4}
    assert answers.count(Refused("repeated")) == 4
    assert await trade.inventory("7") == {"boat": 1}
    assert await trade.besitos.balance("7") == 17


@pytest.mark.criterion("3.1.3")
async def test_purchases_at_once_never_overdraw(trade: Trade) -> None:
    await trade.join("7", 10)
    answers = await asyncio.gather(*(trade.press("7", order("boat", 3)) for _ in range(8)))
    assert Counter(map(type, answers)) == {Offer: 3, Unaffordable: 5}
    assert await trade.inventory("7") == {"boat": 3}
    assert await trade.besitos.balance("7") == 1
    assert await audit_ledger(trade.database) == []


@pytest.mark.criterion("3.1.3")
async def test_what_is_unique_is_bought_once_from_buttons_pressed_at_once(trade: Trade) -> None:
    await trade.join("7", 60)
    answers = await asyncio.gather(*(trade.press("7", order("pencil", 6)) for _ in range(4)))
    assert answers.count(Refused("already_owned")) == 3
    assert await trade.inventory("7") == {"pencil": 1}
    assert await trade.besitos.balance("7") == 54


@pytest.mark.criterion("3.1.3")
async def test_two_processes_sell_to_one_reader(rivals: tuple[Trade, Trade]) -> None:
    await rivals[0].join("7", 10)
    button = order("boat", 3)
    same = (rival.press("7", button) for rival in rivals for _ in range(2))
    others = (rivals[n % 2].press("7", order("boat", 3)) for n in range(6))
    answers = await asyncio.gather(*same, *others)
    assert Counter(map(type, answers))[Offer] == 3
    for rival in rivals:
        assert await rival.inventory("7") == {"boat": 3}
        assert await rival.besitos.balance("7") == 1
        assert await audit_ledger(rival.database) == []


@pytest.mark.criterion("3.1.3")
async def test_a_commit_that_fails_after_everything_leaves_nothing(trade: Trade) -> None:
    await trade.join("7", 5)
    before = await dump(trade.database)
    work = unit("doomed")
    user = await trade.world.known("7")
    assert isinstance(await trade.shop.buy(work, user, order("boat", 3)), Offer)

    def fail(_connection: Connection) -> None:
        guard(False, "everything")

    work.add(fail)
    with pytest.raises(GuardFailed):
        await trade.world.services.commits.commit(work)
    assert await dump(trade.database) == before


@pytest.mark.criterion("3.1.3")
@pytest.mark.parametrize("meanwhile", ["spent", "changed"])
async def test_what_was_decided_on_holds_at_the_commit(trade: Trade, meanwhile: str) -> None:
    """Somebody else takes the besitos, or steps the state: neither debit nor grant."""
    await trade.join("7", 5)
    late = unit("late")
    user = await trade.world.known("7")
    await trade.shop.buy(late, user, order("boat", 3))
    if meanwhile == "spent":
        await trade.world.decide("elsewhere", lambda work: _spend(trade, work))
    else:
        await trade.world.prefer("elsewhere", "en")
    expected = await trade.besitos.balance("7")
    with pytest.raises(GuardFailed):
        await trade.world.services.commits.commit(late)
    assert await trade.besitos.balance("7") == expected
    assert await trade.inventory("7") == {}


@pytest.mark.criterion("3.1.3")
async def test_an_import_between_look_and_commit_changes_no_price_that_was_agreed(
    trade: Trade,
) -> None:
    """And whoever has to decide again is asked again."""
    await trade.join("7", 20)
    commit = trade.world.services.commits.commit
    first, second = unit("first"), unit("second")
    for work in (first, second):
        user = await trade.world.known("7")
        assert isinstance(await trade.shop.buy(work, user, order("boat", 3)), Offer)
    await trade.shelf.replace([item("boat", 9)], drop=True)
    await commit(first)
    assert await trade.besitos.balance("7") == 17
    with pytest.raises(GuardFailed):
        await commit(second)
    assert isinstance(await trade.press("7", order("boat", 3)), Repriced)
    assert await trade.besitos.balance("7") == 17


async def _spend(trade: Trade, work: UnitOfWork) -> None:
    await trade.besitos.spend(work, "7", 1, reason="purchase", source="shop", key="elsewhere")


async def test_a_refusal_adds_nothing(trade: Trade) -> None:
    await trade.join("7", 8)
    paid = order("boat", 3)
    await trade.press("7", paid)
    user = await trade.world.known("7")
    refused = {
        paid: Refused("repeated"),
        # Also a price that a reader makes up: clients send whatever data they want.
        order("boat", 2): Repriced(Offer(BOAT, price=3, balance=5)),
        order("pencil", 6): Unaffordable(Offer(PENCIL, price=6, balance=5)),
        order("plate", 3): Refused("outdated"),
        order("unicorn", 1): Refused("outdated"),
    }
    for asked, answer in refused.items():
        work = unit("press")
        assert await trade.shop.buy(work, user, asked) == answer
        assert not work.changes_anything


async def test_a_press_that_comes_again_is_told_so_whatever_has_happened_since(
    trade: Trade,
) -> None:
    await trade.join("7", 3)
    button = order("boat", 3)
    await trade.press("7", button)
    await trade.shelf.replace([item("boat", 9)], drop=True)
    assert await trade.press("7", button) == Refused("repeated")
    await trade.shelf.replace([item("pencil", 1)], drop=True)
    assert await trade.press("7", button) == Refused("repeated")


async def test_the_counter_shows_what_there_is_and_what_they_have(trade: Trade) -> None:
    await trade.join("7", 12)
    await trade.press("7", order("pencil", 6))
    await trade.press("7", order("boat", 3))
    counter = await trade.shop.visit(await trade.world.known("7"))
    assert counter.balance == 3
    assert counter.for_sale == [BOAT]
    assert [(each.item_id, many) for each, many in counter.owned] == [("boat", 1), ("pencil", 1)]
